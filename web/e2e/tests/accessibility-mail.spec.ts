import { choose, expect, expectAccessible, expectNoSidewaysScroll, PASSWORD, signIn, test, type Page } from '../fixtures'
import { expectErrorTold, expectHeading, looks, seen } from '../looks'
import { accepted, answer } from '../stubs'

const submit = (page: Page) => page.locator('main form button[type=submit]').first()

/** Opens a link as from an email: in a tab without a page of the app. */
async function open(page: Page, path: string) {
  await page.goto('about:blank')
  await page.goto(path)
}

for (const { colorScheme, viewport } of looks) {
  test.describe(`${colorScheme}, ${viewport.width} px`, () => {
    test.use({ colorScheme, viewport })

    test('axe finds nothing on the pages of a signup, in any of their states', async ({ page }) => {
      test.slow()
      await page.goto('/signup')
      await seen(page, 'Create account')
      await submit(page).click()
      await expectErrorTold(page)
      await seen(page, 'Create account')
      await page.getByLabel('Email').fill('ann@gmial.com')
      await page.getByLabel('Choose a password').fill(PASSWORD)
      await expect(page.getByText('Did you mean')).toBeVisible()
      await seen(page, 'Create account')

      await answer(page, 'signup', accepted())
      await submit(page).click()
      await seen(page, 'Check your email')
      await answer(page, 'email/verify', [400, 'invalid_code'])
      await page.getByLabel('6-digit code').fill('123 456')
      await submit(page).click()
      await expectErrorTold(page)
      await page.getByRole('button', { name: 'Use a different address' }).click()
      await seen(page, 'Check your email')

      await answer(page, 'email/verify/check', [200, { email: 'ann@example.test' }])
      await open(page, '/verify-email#token=abc')
      await seen(page, 'Confirm your email')
      await answer(page, 'email/verify', [403, 'password_required'], [410, 'token_invalid'])
      await submit(page).click()
      await seen(page, 'Choose a password')
      await page.getByLabel('Choose a password').fill(PASSWORD)
      await submit(page).click()
      await seen(page, 'This link no longer works')
      await open(page, '/verify-email')
      await seen(page, 'Confirm your email')
      await answer(page, 'email/verify/check', [500, 'internal'])
      await open(page, '/verify-email#token=abc')
      await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible()
      await seen(page, 'Confirm your email')

      await open(page, '/signup')
      await page.getByLabel('Email').fill('ann@example.test')
      await page.getByLabel('Choose a password').fill(PASSWORD)
      await answer(page, 'signup', [403, 'signup_closed'])
      await submit(page).click()
      await seen(page, 'Sign-up is closed')
    })

    test('axe finds nothing on the pages of a reset, in any of their states', async ({ page }) => {
      test.slow()
      await page.goto('/forgot-password')
      await seen(page, 'Forgot your password?')
      await page.getByLabel('Email').fill('ann@example.test')
      await answer(page, 'password/reset', accepted())
      await submit(page).click()
      await seen(page, 'Check your email')

      const linked = { id: '1', provider: 'github', label: 'octo-ann', linked_at: '2026-10-02T10:00:00Z', kept: true }
      await answer(page, 'password/reset/check', [200, { email: 'ann@example.test', identities: [linked] }])
      await open(page, '/reset-password#token=abc')
      await seen(page, 'Choose a new password')
      await page.getByLabel('New password').fill(PASSWORD)
      const errors = [{ field: 'password', code: 'too_common', detail: '' }]
      await answer(page, 'password/reset/confirm', [422, 'validation_failed', { errors }], [200, { detail: '' }])
      await submit(page).click()
      await expectErrorTold(page)
      await seen(page, 'Choose a new password')
      await submit(page).click()
      await expect(page.getByText('Your password has been changed.')).toBeVisible()
      await seen(page, 'Sign in')
      await answer(page, 'password/reset/check', [410, 'token_invalid'], [403, 'account_inactive'])
      await open(page, '/reset-password#token=abc')
      await seen(page, 'This link no longer works')
      await open(page, '/reset-password#token=abc')
      await expect(page.getByText('This account has been deactivated.')).toBeVisible()
      await seen(page, 'Choose a new password')

      const undo = { email: 'ann@example.test', new_email: 'eve@example.test' }
      await answer(page, 'email/change/undo/check', [200, undo], [200, undo])
      await open(page, '/undo-email-change#token=abc')
      await seen(page, 'Undo the email change')
      await answer(page, 'email/change/undo', [409, 'email_taken'])
      await submit(page).click()
      await seen(page, "The change can't be undone")
      await open(page, '/undo-email-change#token=abc')
      await answer(page, 'email/change/undo', [200, { detail: '' }])
      await submit(page).click()
      await seen(page, 'The change has been undone')
    })

    test('axe finds nothing on the pages that change an account, in any of their states', async ({ page, person }) => {
      test.slow()
      await signIn(page, person)
      await page.getByRole('link', { name: 'Change password' }).click()
      await seen(page, 'Change password')
      await submit(page).click()
      await expectErrorTold(page)
      await seen(page, 'Change password')

      await page.goto('/account/email')
      await seen(page, 'Change email')
      await page.getByLabel('New email').fill('ann@example.test')
      await answer(page, 'email/change', [403, 'reauthentication_required'], accepted())
      await answer(page, 'reauthenticate', [400, 'invalid_credentials'], [200, { detail: '', next: 'done' }])
      await submit(page).click()
      const dialog = page.getByRole('dialog')
      await expect(dialog).toBeVisible()
      await expectAccessible(page)
      await dialog.getByLabel('Password', { exact: true }).fill('wrong')
      await dialog.getByRole('button', { name: 'Continue' }).click()
      await expectErrorTold(dialog)
      await expectAccessible(page)
      await dialog.getByLabel('Password', { exact: true }).fill('right')
      await dialog.getByRole('button', { name: 'Continue' }).click()
      await seen(page, 'Check your email')

      const change = { email: 'ann@example.test' }
      await answer(page, 'email/change/check', [200, change], [200, change])
      await open(page, '/change-email#token=abc')
      await seen(page, 'Confirm your new email')
      await answer(page, 'email/change/confirm', [409, 'other_user_signed_in'])
      await submit(page).click()
      await seen(page, "You're signed in as someone else")
      await open(page, '/change-email#token=abc')
      await answer(page, 'email/change/confirm', [409, 'email_taken'])
      await submit(page).click()
      await seen(page, 'This address is already in use')

      const session = { state: 'authenticated', authenticated_at: null, expires_at: null }
      const user = { id: '1', email: person.email, is_staff: false, is_superuser: false, date_joined: '2026-01-02T03:04:05Z' }
      await page.route('**/api/session/', (route) => route.fulfill({ json: { ...session, user: { ...user, has_password: false } } }))
      await page.goto('/account')
      await seen(page, 'Your account')
      await page.getByRole('link', { name: 'Set a password' }).click()
      await seen(page, 'Set a password')
      await submit(page).click()
      await expect(page.getByRole('alert')).toBeVisible()
      await seen(page, 'Set a password')
    })
  })
}

test('at 320 px, in German, the pages about mail need no scrolling sideways', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await page.goto('/signup')
  await choose(page, 'Language', 'Deutsch')
  await expectNoSidewaysScroll(page)
  await page.getByLabel('E-Mail-Adresse').fill('eine.ziemlich.lange.adresse.mit.vielen.punkten@ein.langer.name.example.test')
  await page.getByLabel('Passwort wählen').fill(PASSWORD)
  await answer(page, 'signup', accepted())
  await submit(page).click()
  await expectHeading(page, 'Prüfen Sie Ihre E-Mails')
  await expectNoSidewaysScroll(page)
  for (const path of ['/forgot-password', '/reset-password', '/undo-email-change#token=abc']) {
    await open(page, path)
    await expect(page.locator('h1')).toBeVisible()
    await expectNoSidewaysScroll(page)
  }
})
