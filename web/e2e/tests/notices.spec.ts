import {
  endSessionsElsewhere,
  expect,
  newAddress,
  openSection,
  PASSWORD,
  signIn,
  signOut,
  submitSignIn,
  test,
  type Page,
} from '../fixtures'
import { linkIn, mailTo } from '../mail'
import { be, continueWith } from '../provider'

const notice = (page: Page) => page.locator('main .notice')

test('finding U1: a notice is shown once: not on the sign-in page after signing out, not after a reload, not by the back button', async ({ page }) => {
  await continueWith(page, 'GitHub', { email: newAddress() })
  await expect(notice(page)).toHaveText("Your account is ready, and you're signed in.")
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
  await expect(notice(page)).toHaveCount(0)

  await signOut(page)
  await expect(notice(page)).toHaveText("You're signed out.")
  await page.getByRole('link', { name: 'Create account' }).click()
  await expect(page.getByRole('heading', { name: 'Create account' })).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await expect(notice(page)).toHaveCount(0)
})

test('finding U1: a notice that was shown is gone when somebody goes on and comes back', async ({ page }) => {
  await continueWith(page, 'GitHub', { email: newAddress() })
  await expect(notice(page)).toHaveText("Your account is ready, and you're signed in.")
  await page.getByRole('link', { name: 'Change email' }).click()
  await expect(page.getByLabel('New email')).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
  await expect(notice(page)).toHaveCount(0)
})

test('finding U1: a new password is announced on the sign-in page, and not on the account page after it', async ({ page, person }) => {
  await page.goto('/forgot-password')
  await page.getByLabel('Email').fill(person.email)
  await page.locator('main form button[type=submit]').click()
  await page.goto(linkIn(await mailTo(page, person.email)))
  await page.getByLabel('New password').fill(PASSWORD)
  await page.locator('main form button[type=submit]').click()
  await expect(page).toHaveURL('/login')
  await expect(notice(page)).toContainText('Your password has been changed')
  await submitSignIn(page, { email: person.email, password: PASSWORD })
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
  await expect(notice(page)).toHaveCount(0)
})

test('finding U1: where the guard leads elsewhere, the notice of the page behind it is not shown', async ({ page, context, person }) => {
  await signIn(page, person)
  await openSection(page, 'Linked accounts')
  await page.getByRole('button', { name: 'Link Google' }).click()
  await be(page, 'Google', { email: newAddress() })
  await expect(notice(page)).toHaveCount(1)
  await endSessionsElsewhere(context, person)
  await page.reload()
  await expect(page).toHaveURL('/login?next=/account/linked')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await expect(notice(page)).toHaveCount(0)
  await submitSignIn(page, person)
  await expect(page.getByRole('heading', { name: 'Linked accounts' })).toBeVisible()
  await expect(notice(page)).toHaveCount(0)
})

test('finding U1: what one person has asked for is not there for the next one in the same tab', async ({ page, context, person }) => {
  await signIn(page, person)
  await page.goto('/account/email')
  const asked = newAddress()
  await page.getByLabel('New email').fill(asked)
  await page.locator('main form button[type=submit]').click()
  await expect(page.getByText(asked)).toBeVisible()
  await endSessionsElsewhere(context, person)
  await page.reload()
  await expect(page).toHaveURL('/login?next=/account/email')
  await submitSignIn(page, { email: 'grace@example.test', password: 'correct-horse-battery' })
  await expect(page.getByLabel('New email')).toBeVisible()
  await expect(page.getByText(asked)).toHaveCount(0)
})
