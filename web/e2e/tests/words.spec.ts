import { expect, newAddress, signIn, signUp, test } from '../fixtures'
import { mailTo } from '../mail'
import { continueWith } from '../provider'

const HAS_ACCOUNT = 'If you already have an account, the email tells you how to sign in.'

test('finding U3: the page after a signup tells everybody that the email helps who has an account already', async ({ page, person }) => {
  for (const email of [person.email, newAddress()]) {
    await signUp(page, email)
    await expect(page.getByText(HAS_ACCOUNT)).toBeVisible()
  }
  expect((await mailTo(page, person.email)).text).toContain('/login')
})

test('finding U3: so does the page after an address was given for a provider', async ({ page, person }) => {
  await continueWith(page, 'GitHub', { email: person.email, isVerified: false })
  await page.getByRole('button', { name: 'Send confirmation email' }).click()
  await expect(page.getByText(HAS_ACCOUNT)).toBeVisible()
})

test('finding U12: the pages speak plain English', async ({ page, person }) => {
  await page.goto('/login?next=/account')
  await expect(page.getByText('Sign in to continue.')).toBeVisible()
  await page.goto('/signup')
  await expect(page.getByText('Already have an account?')).toBeVisible()
  await page.getByLabel('Email').fill('x@gmial.com')
  await page.getByLabel('Choose a password').focus()
  await expect(page.getByText('Did you mean x@gmail.com?')).toBeVisible()
  await continueWith(page, 'GitHub', { email: person.email })
  await expect(page.getByText(`There's already an account for ${person.email}.`)).toBeVisible()
  await expect(page.getByText('Sign in to link GitHub.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Email me a code' })).toBeVisible()
})

test('finding U12: the dialog that asks for the password speaks plain English', async ({ page, person }) => {
  await signIn(page, person)
  await page.goto('/account/email')
  const problem = { type: 'about:blank', title: '', status: 403, code: 'reauthentication_required', detail: '' }
  await page.route('**/api/email/change/', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', json: problem }))
  await page.getByLabel('New email').fill(newAddress())
  await page.getByRole('button', { name: 'Email me a link' }).click()
  const dialog = page.getByRole('dialog', { name: "Confirm it's you" })
  await expect(dialog.getByRole('button', { name: 'Continue' })).toBeVisible()
})
