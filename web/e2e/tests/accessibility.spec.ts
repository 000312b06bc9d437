import {
  choose,
  endSessionsElsewhere,
  expect,
  expectAccessible,
  expectNoSidewaysScroll,
  openSection,
  signIn,
  signOut,
  signOutEverywhere,
  submitSignIn,
  test,
  type Page,
} from '../fixtures'
import { everyLook, expectErrorTold } from '../looks'
import { answer, reply, type Answer } from '../stubs'

/** Answers the next sign-in with a problem. */
async function failNextSignIn(page: Page, failure: Answer) {
  await answer(page, 'login', failure)
  await submitSignIn(page, { email: 'ada@example.test', password: 'typed' })
  await expectErrorTold(page)
}

for (const { colorScheme, viewport } of everyLook) {
  test.describe(`${colorScheme}, ${viewport.width} px`, () => {
    test.use({ colorScheme, viewport })

    test('axe finds nothing on the pages for guests, whatever goes wrong', async ({ page }) => {
      test.slow()
      await page.goto('/')
      await expect(page.locator('h1')).toBeVisible()
      await expectAccessible(page)

      await page.goto('/no-such-page')
      await expect(page.locator('h1')).toBeVisible()
      await expectAccessible(page)

      await page.goto('/api/docs/#Problem')
      await expectAccessible(page)

      await page.goto('/account')
      await expect(page.getByText('Sign in to continue.')).toBeVisible()
      await expectAccessible(page)

      await page.getByRole('button', { name: 'Sign in' }).click()
      await expectErrorTold(page)
      await expectAccessible(page)

      const retryAt = new Date(Date.now() + 240_000).toISOString()
      const failures: Answer[] = [
        [400, 'invalid_credentials'],
        [403, 'account_inactive'],
        [429, 'rate_limited', { retry_at: retryAt }],
        [500, 'internal'],
        [503, 'unavailable'],
      ]
      for (const failure of failures) {
        await failNextSignIn(page, failure)
        await expectAccessible(page)
      }

      await page.getByRole('button', { name: 'Show password' }).click()
      await page.getByLabel('Password', { exact: true }).press('a')
      await expectAccessible(page)

      await page.route('**/api/login/', () => {})
      await submitSignIn(page, { email: 'ada@example.test', password: 'typed' })
      await expect(page.getByRole('button', { name: 'Signing in…' })).toBeVisible()
      await expectAccessible(page)

      await page.route('**/api/session/', (route) => route.fulfill(reply(500, 'internal')))
      await page.goto('/')
      await expect(page.getByRole('heading', { name: 'Something went wrong' })).toBeVisible()
      await expectAccessible(page)

      await page.route('**/api/session/', (route) => route.abort())
      await page.goto('/')
      await expect(page.getByRole('heading', { name: "Can't reach Cloakroom" })).toBeVisible()
      await expectAccessible(page)
    })

    test('axe finds nothing on the pages of somebody signed in, to the end of the session', async ({ page, context, person }) => {
      test.slow()
      await signIn(page, person)
      await expectAccessible(page)
      await page.goto('/')
      await expect(page.getByText(person.email)).toBeVisible()
      await expectAccessible(page)

      await page.getByRole('link', { name: 'Go to your account' }).click()
      await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
      await page.getByRole('button', { name: 'Account menu' }).click()
      await expect(page.getByRole('menu')).toBeVisible()
      await expectAccessible(page)
      await page.keyboard.press('Escape')
      for (const section of ['Password', 'Linked accounts', 'Devices']) {
        await openSection(page, section)
        await expectAccessible(page)
      }
      await openSection(page, 'Profile')
      await endSessionsElsewhere(context, person)
      await signOutEverywhere(page)
      const dialog = page.getByRole('dialog')
      await expect(dialog).toBeVisible()
      await expectAccessible(page)
      await dialog.getByRole('button', { name: 'Sign in' }).click()
      await expectErrorTold(dialog)
      await expectAccessible(page)
      await dialog.getByLabel('Password', { exact: true }).fill(person.password)
      await dialog.getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByText("You're signed out on all devices.")).toBeVisible()
      await expectAccessible(page)

      await submitSignIn(page, person)
      await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
      await context.setOffline(true)
      await expect(page.getByText("You're offline.")).toBeVisible()
      await expectAccessible(page)
      await signOut(page)
      await expect(page.getByRole('heading', { name: /You'll be signed out/ })).toBeVisible()
      await expectAccessible(page)
    })
  })
}

test('at 320 px, in German, nothing has to be scrolled sideways', async ({ page, context, person }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await signIn(page, person)
  await choose(page, 'Language', 'Deutsch')
  await expectNoSidewaysScroll(page)
  await page.goto('/account/devices')
  await expectNoSidewaysScroll(page)
  await endSessionsElsewhere(context, person)
  await page.getByRole('button', { name: 'Auf allen Geräten abmelden' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
  await expectNoSidewaysScroll(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Abmelden', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible()
  await page.getByRole('button', { name: 'Anmelden' }).click()
  await expectNoSidewaysScroll(page)
  await page.goto('/no-such-page')
  await expectNoSidewaysScroll(page)
})
