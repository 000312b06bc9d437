import { choose, expect, expectAccessible, expectNoSidewaysScroll, openSection, signIn, test, type Page } from '../fixtures'
import { expectErrorTold, expectHeading, looks, seen } from '../looks'
import { accepted, answer, type Answer } from '../stubs'

const providers = [
  { id: 'github', name: 'GitHub' },
  { id: 'google', name: 'Google' },
  { id: 'facebook', name: 'Facebook' },
  { id: 'acme', name: 'Acme' },
]

/** Opens the callback page of GitHub, where the server gives this answer. */
async function comeBack(page: Page, ...reply: Answer) {
  await answer(page, 'social/github', reply)
  await page.goto('/auth/github/callback?code=abc&state=xyz')
}

const waits = (result: string): Answer => [
  200,
  { detail: 'success', result, return_to: '/account', provider: providers[0], email: 'ann@example.test' },
]

test.beforeEach(async ({ page }) => {
  await page.route('**/api/config/', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...((await response.json()) as object), providers } })
  })
})

for (const { colorScheme, viewport } of looks) {
  test.describe(`${colorScheme}, ${viewport.width} px`, () => {
    test.use({ colorScheme, viewport })

    test('axe finds nothing on the way to a provider and back', async ({ page }) => {
      test.slow()
      await page.goto('/login')
      await answer(page, 'social/github/start', [502, 'provider_unreachable'])
      await page.getByRole('button', { name: 'Continue with GitHub' }).click()
      await expect(page.getByRole('alert')).toBeVisible()
      await seen(page, 'Sign in')
      await page.goto('/signup')
      await seen(page, 'Create account')

      await comeBack(page, ...waits('link_required'))
      await seen(page, 'You already have an account')
      await answer(page, 'social/link', [400, 'invalid_credentials'])
      await page.getByLabel('Password', { exact: true }).fill('wrong')
      await page.getByRole('button', { name: 'Sign in and link GitHub' }).click()
      await expectErrorTold(page)
      await expectAccessible(page)
      await answer(page, 'social/link/code', accepted())
      await page.getByRole('button', { name: 'Email me a code' }).click()
      await expect(page.getByLabel('6-digit code')).toBeFocused()
      await expectAccessible(page)
      await comeBack(page, ...waits('email_required'))
      await seen(page, 'Enter your email')

      await comeBack(page, 400, 'provider_denied')
      await seen(page, "GitHub didn't sign you in")
      await comeBack(page, 500, 'internal')
      await seen(page, 'Something went wrong')
      await page.route('**/api/social/github/', () => {})
      await page.goto('/auth/github/callback?code=abc&state=xyz')
      await seen(page, 'Signing in with GitHub…')
    })

    test('axe finds nothing on the linked accounts', async ({ page, person }) => {
      test.slow()
      const identity = { id: '1', provider: 'github', label: 'octo-ann', linked_at: '2026-10-02T10:00:00Z' }
      await page.route('**/api/social/', (route) => route.fulfill({ json: { identities: [identity], providers } }))
      await signIn(page, person)
      await openSection(page, 'Linked accounts')
      await expect(page.getByText('octo-ann')).toBeVisible()
      await seen(page, 'Linked accounts')
      await answer(page, 'social/identities/1', [409, 'last_sign_in_method'])
      await page.getByRole('button', { name: 'Unlink GitHub, octo-ann' }).click()
      const dialog = page.getByRole('dialog', { name: 'Unlink GitHub?' })
      await expect(dialog.getByRole('button', { name: 'Keep it linked' })).toBeFocused()
      await expectAccessible(page)
      await dialog.getByRole('button', { name: 'Unlink' }).click()
      await expect(page.getByRole('alert')).toContainText('This is your only way to sign in.')
      await expectAccessible(page)

      await page.goto('/auth/github/link')
      await seen(page, 'Link GitHub to your account?')
      await answer(page, 'social/link', [409, 'other_user_signed_in'])
      await page.getByRole('button', { name: 'Link GitHub' }).click()
      await seen(page, "You're signed in as someone else")
    })
  })
}

test('at 320 px, in German, the pages about providers need no scrolling sideways', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await page.goto('/login')
  await choose(page, 'Language', 'Deutsch')
  await expect(page.getByRole('button', { name: 'Weiter mit Facebook' })).toBeVisible()
  await expectNoSidewaysScroll(page)
  await comeBack(page, ...waits('link_required'))
  await expectHeading(page, 'Sie haben bereits ein Konto')
  await expectNoSidewaysScroll(page)
  await comeBack(page, 403, 'not_allowed')
  await expectHeading(page, 'Cloakroom akzeptiert dieses Konto nicht')
  await expectNoSidewaysScroll(page)
})
