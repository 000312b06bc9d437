import { expect, signIn, test, type Locator, type Page } from '../fixtures'

/** Returns the heights of elements, in CSS pixels. */
const heights = (elements: Locator) => elements.evaluateAll((all) => all.map((element) => element.getBoundingClientRect().height))

const bottom = async (element: Locator) => {
  const box = await element.boundingBox()
  return (box?.y ?? Infinity) + (box?.height ?? 0)
}

test('finding U9: the sign-in page with three providers fits a window of 800 px', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto('/login')
  await expect(page.getByRole('button', { name: 'Continue with Facebook' })).toBeVisible()
  expect(await bottom(page.locator('.panel'))).toBeLessThan(800)
  const excess = await page.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight)
  expect(excess).toBe(0)
})

test('finding U9: all buttons have one height and one width, the one used last, too', async ({ page }) => {
  await page.goto('/login')
  await page.evaluate(() => localStorage.setItem('cloakroom.last-provider', 'google'))
  await page.reload()
  const buttons = page.locator('main .button')
  await expect(page.getByText('Last used')).toBeVisible()
  expect(new Set(await heights(buttons)).size).toBe(1)
  const widths = await buttons.evaluateAll((all) => all.map((element) => element.getBoundingClientRect().width))
  expect(new Set(widths).size).toBe(1)
})

test('finding U5: one wrong password is told once, and the page grows by its line only', async ({ page }) => {
  await page.goto('/login')
  const submit = page.getByRole('button', { name: 'Sign in', exact: true })
  const before = await bottom(submit)
  await page.getByLabel('Email').fill('nobody@example.test')
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await submit.click()
  await expect(page.getByText('Email or password is not correct.')).toHaveCount(1)
  expect((await bottom(submit)) - before).toBeLessThan(40)
})

test('the typeface is loaded from here, and no line moves when it arrives', async ({ page }) => {
  const shifts = await layoutShiftsWhileTheTypefaceLoads(page)
  expect(shifts).toBeLessThan(0.02)
  expect(await page.evaluate(() => document.fonts.check('600 1rem Inter'))).toBe(true)
})

/** Opens the sign-in page with a late typeface, and returns the cumulative layout shift that its arrival causes. */
async function layoutShiftsWhileTheTypefaceLoads(page: Page): Promise<number> {
  let arrive = () => {}
  const late = new Promise<void>((resolve) => (arrive = resolve))
  await page.route('**/*.woff2', async (route) => {
    await late
    await route.continue()
  })
  await page.goto('/login', { waitUntil: 'commit' })
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await page.evaluate(() => {
    const sum = { shifts: 0 }
    Object.assign(window, { sum })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) sum.shifts += (entry as PerformanceEntry & { value: number }).value
    }).observe({ type: 'layout-shift' })
  })
  arrive()
  await page.evaluate(async () => {
    await document.fonts.ready
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))
  })
  return page.evaluate(() => (window as unknown as { sum: { shifts: number } }).sum.shifts)
}

test('the menus in the header work by keyboard alone', async ({ page, person }) => {
  await signIn(page, person)
  const theme = page.getByRole('button', { name: 'Theme' })
  await theme.focus()
  await page.keyboard.press('Enter')
  const item = (name: string) => page.getByRole('menuitemradio', { name })
  await expect(item('System')).toBeFocused()
  await page.keyboard.press('ArrowDown')
  await expect(item('Light')).toBeFocused()
  await page.keyboard.press('d')
  await expect(item('Dark')).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(theme).toBeFocused()
  await expect(page.getByRole('menu')).toHaveCount(0)
  await page.keyboard.press('ArrowUp')
  await expect(item('System')).toBeFocused()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(theme).toBeFocused()

  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menuitem', { name: 'Account' })).toBeFocused()
  await expect(page.locator('.user-menu').getByText(person.email)).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('menu'), 'Tab leaves the menu').toHaveCount(0)
  await page.getByRole('button', { name: 'Account menu' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page.getByText("You're signed out.")).toBeVisible()
})
