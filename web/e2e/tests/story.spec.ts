import { choose, expect, SAMPLE_PASSWORD, signOut, signOutEverywhere, submitSignIn, test } from '../fixtures'

test('ada signs in, reloads, opens a second tab, and signs out in all of them', async ({ page, context }) => {
  await page.goto('/')
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
  await expect(page).toHaveTitle('Sign in – Cloakroom')
  await submitSignIn(page, { email: 'Ada@Example.test', password: SAMPLE_PASSWORD })

  await expect(page).toHaveURL('/account')
  await expect(page).toHaveTitle('Your account – Cloakroom')
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeFocused()
  await expect(page.getByText('ada@example.test')).toBeVisible()
  await expect(page.getByText('Administrator')).toBeVisible()
  await expect(page.locator('time')).toHaveText(/\d{4}/)

  await page.reload()
  await expect(page.getByText('ada@example.test')).toBeVisible()

  const secondTab = await context.newPage()
  await secondTab.goto('/account')
  await expect(secondTab.getByText('ada@example.test')).toBeVisible()

  await signOut(secondTab)
  await expect(secondTab).toHaveURL('/login')
  await expect(secondTab.getByText("You're signed out.")).toBeVisible()

  await expect(page).toHaveURL('/login?next=/account')
  await expect(page.getByText('You signed out in another tab.')).toBeVisible()
  await expect(page.getByText('ada@example.test')).toBeHidden()
})

test('a sign-in in one tab is followed by another that waits on the sign-in page', async ({ page, context, person }) => {
  const waiting = await context.newPage()
  await waiting.goto('/account')
  await expect(waiting).toHaveURL('/login?next=/account')
  await page.goto('/login')
  await submitSignIn(page, person)
  await expect(waiting).toHaveURL('/account')
  await expect(waiting.getByText(person.email)).toBeVisible()
})

test('signing out on every device ends the session of another browser', async ({ page, browser, baseURL, person }) => {
  const otherDevice = await browser.newContext()
  const otherPage = await otherDevice.newPage()
  for (const tab of [page, otherPage]) {
    await tab.goto(`${baseURL}/login`)
    await submitSignIn(tab, person)
    await expect(tab).toHaveURL(`${baseURL}/account`)
  }
  await signOutEverywhere(page)
  await expect(page.getByText("You're signed out on all devices.")).toBeVisible()
  await otherPage.goto(`${baseURL}/account`)
  await expect(otherPage).toHaveURL(`${baseURL}/login?next=/account`)
  await otherDevice.close()
})

test('another user who signs in elsewhere makes the tab load anew, and leaves nothing of the first', async ({
  page,
  context,
  person,
}) => {
  await page.goto('/login')
  await submitSignIn(page, person)
  await expect(page).toHaveURL('/account')
  await page.evaluate(() => Object.assign(window, { first: true }))

  // This tab shares only the cookie with the first one, which cannot hear it.
  const other = await context.newPage()
  await other.addInitScript(() => Reflect.deleteProperty(window, 'BroadcastChannel'))
  await other.goto('/account')
  await signOut(other)
  await expect(other).toHaveURL('/login')
  await submitSignIn(other, { email: 'grace@example.test', password: SAMPLE_PASSWORD })
  await expect(other.getByText('grace@example.test')).toBeVisible()

  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 5_000)))
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  await expect(page.getByText('grace@example.test')).toBeVisible()
  await expect(page.getByText(person.email)).toBeHidden()
  expect(await page.evaluate(() => 'first' in window)).toBe(false)
})

test('language and theme are kept over a reload', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto('/login')
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
  await choose(page, 'Language', 'Deutsch')
  await choose(page, 'Darstellung', 'Dunkel')
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible()
  await expect(page).toHaveTitle('Anmelden – Cloakroom')
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await choose(page, 'Darstellung', 'System')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
})

test('a page that does not exist says so', async ({ page }) => {
  await page.goto('/no/such/page')
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible()
  await page.getByRole('link', { name: 'Go to the home page' }).click()
  await expect(page).toHaveURL('/')
})
