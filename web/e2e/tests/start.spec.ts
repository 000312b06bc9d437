import { expect, expectAccessible, test } from '../fixtures'
import { everyLook } from '../looks'

test.describe('without JavaScript', () => {
  for (const look of everyLook) {
    test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
      test.use({ ...look, javaScriptEnabled: false })

      test('finding U4: the page says so where one looks, and can be loaded again', async ({ page }) => {
        await page.goto('/login')
        await expect(page.getByRole('heading', { name: 'Turn on JavaScript' })).toBeInViewport()
        await expect(page.locator('noscript p').first()).toBeInViewport()
        await expect(page.locator('noscript p:lang(de)')).toBeInViewport()
        await page.getByRole('link', { name: 'Reload' }).click()
        await expect(page).toHaveURL('/login')
      })
    })
  }
})

for (const look of everyLook) {
  test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
    test.use(look)

    test('finding U4: a script that cannot be loaded is told where one looks, and the page can be loaded again', async ({ page }) => {
      await page.route('**/_cloakroom/index-*.js', (route) => route.abort(), { times: 1 })
      await page.goto('/verify-email#token=kept')
      await expect(page.getByRole('heading', { name: 'This page could not load' })).toBeInViewport()
      await expectAccessible(page)
      await page.getByRole('button', { name: 'Reload' }).click()
      await expect(page.getByRole('heading', { name: 'This page could not load' })).toHaveCount(0)
      await expect(page).toHaveURL('/verify-email')
      await expect(page.getByText('Open that link again.'), 'the token is kept').toHaveCount(0)
    })
  })
}

for (const [name, pattern] of [
  ['script', '**/_cloakroom/index-*.js'],
  ['language', '**/_cloakroom/en-*.js'],
] as const) {
  test(`finding U4: so is a ${name} that is missing`, async ({ page }) => {
    await page.route(pattern, (route) => route.fulfill({ status: 404, body: '' }))
    await page.goto('/login')
    await expect(page.getByRole('heading', { name: 'This page could not load' })).toBeVisible()
  })
}

test('finding U4: it is told in German to who reads German', async ({ browser, baseURL }) => {
  const page = await browser.newPage({ locale: 'de-DE', ...(baseURL ? { baseURL } : {}) })
  await page.route('**/_cloakroom/index-*.js', (route) => route.abort())
  await page.goto('/login')
  await expect(page.getByRole('heading', { name: 'Diese Seite konnte nicht geladen werden' })).toBeVisible()
  await expect(page.getByText('Reload', { exact: true })).toBeHidden()
  await page.close()
})

test('finding U4: a page that cannot be loaded later is told, too', async ({ page }) => {
  await page.goto('/login')
  await page.route('**/_cloakroom/Signup-*.js', (route) => route.abort())
  await page.getByRole('link', { name: 'Create account' }).click()
  await expect(page.getByRole('heading', { name: 'Something went wrong' })).toBeVisible()
})

test('finding N16: a start that takes its time says so, and can be begun anew', async ({ page }) => {
  await page.route('**/api/session/', () => {})
  await page.clock.install()
  await page.goto('/login')
  await expect(page.getByText('Loading…')).toBeAttached()
  await page.clock.runFor(10_500)
  await expect(page.getByText('Still working…')).toBeVisible()
  await expect(page.getByRole('main').getByRole('button')).toBeVisible()
})

test('finding N16: a browser without AbortSignal.timeout, as Safari 15 is, shows the pages', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(AbortSignal, 'timeout'))
  await page.goto('/login')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
})
