import { expect, newAddress, otherBrowser, signIn, submitSignIn, test, type Page } from '../fixtures'
import { linkIn, mailsTo, mailTo } from '../mail'
import { runCommand } from '../server'

const chosen = 'another password of their own'

async function askForReset(page: Page, email: string) {
  await page.goto('/login')
  await page.getByLabel('Email').fill(email)
  await page.getByRole('link', { name: 'Forgot password?' }).click()
  await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeFocused()
  await expect(page.getByLabel('Email')).toHaveValue(email)
  await page.getByRole('button', { name: 'Email me a link' }).click()
  await expect(page.getByRole('heading', { name: 'Check your email' })).toBeFocused()
}

async function choose(page: Page, password: string) {
  await page.getByLabel('New password').fill(password)
  await page.getByRole('button', { name: 'Change password' }).click()
}

test('a forgotten password is replaced by a link, which ends every session and signs nobody in', async ({ page, person }) => {
  const elsewhere = await otherBrowser(await open(page), '/login')
  await submitSignIn(elsewhere, person)
  await expect(elsewhere).toHaveURL('/account')

  await askForReset(page, person.email)
  await expect(page.getByText(`If there's an account for ${person.email}, we sent a link to that address.`)).toBeVisible()
  const link = linkIn(await mailTo(page, person.email))
  await page.goto(link)
  await expect(page).toHaveURL('/reset-password')
  await expect(page.getByText(person.email)).toBeVisible()
  await expect(page.locator('input[autocomplete=username]')).toHaveValue(person.email)
  await choose(page, 'short')
  await expect(page.getByRole('alert')).toContainText('Use at least 10 characters.')
  await choose(page, chosen)
  await expect(page).toHaveURL('/login')
  await expect(page.getByText('Your password has been changed. Sign in with your new password.')).toBeVisible()
  await expect(page.getByLabel('Email')).toHaveValue(person.email)
  await submitSignIn(page, person)
  await expect(page.getByRole('alert')).toContainText('Email or password is not correct.')
  await submitSignIn(page, { email: person.email, password: chosen })
  await expect(page).toHaveURL('/account')

  await elsewhere.goto('/account')
  await expect(elsewhere).toHaveURL('/login?next=/account')
  await elsewhere.context().close()
  expect((await mailTo(page, person.email, 2)).subject).toBe('Your Cloakroom password was reset')

  await page.goto(link)
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeFocused()
  await page.getByRole('link', { name: 'Email me a new link' }).click()
  await expect(page).toHaveURL('/forgot-password')
})

test('E04: an address without an account gets the same page, and no mail', async ({ page, person }) => {
  const unknown = newAddress()
  await askForReset(page, unknown)
  const shown = await page.locator('main').innerText()
  await askForReset(page, person.email)
  const known = await page.locator('main').innerText()
  const neutral = (text: string) => text.replace(person.email, '…').replace(unknown, '…').replace(/in \d:\d\d/, 'in …')
  expect(neutral(shown)).toBe(neutral(known))
  await mailTo(page, person.email)
  expect(await mailsTo(page, unknown)).toEqual([])
})

test('another mail may be asked for, or a different address; a reload changes nothing', async ({ page, person }) => {
  await page.clock.install()
  await askForReset(page, person.email)
  const first = linkIn(await mailTo(page, person.email))
  await page.reload()
  await expect(page.getByText(`If there's an account for ${person.email}`)).toBeVisible()
  await page.clock.runFor(61_000)
  await page.getByRole('button', { name: 'Resend email' }).click()
  const second = linkIn(await mailTo(page, person.email, 2))
  await page.goto(first)
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await page.goto(second)
  await expect(page.getByLabel('New password')).toBeVisible()

  await askForReset(page, person.email)
  await page.getByRole('button', { name: 'Use a different address' }).click()
  await expect(page.getByLabel('Email')).toBeFocused()
})

test('whoever is signed in as someone else while resetting is told so afterwards', async ({ page, person }) => {
  await askForReset(page, person.email)
  const link = linkIn(await mailTo(page, person.email))
  await signIn(page, { email: 'grace@example.test', password: 'correct-horse-battery' })
  await page.goto(link)
  await choose(page, chosen)
  await expect(page.getByRole('heading', { name: 'Your password has been changed' })).toBeFocused()
  await expect(page.getByText("you're signed in as grace@example.test")).toBeVisible()
  await page.getByRole('button', { name: 'Sign out and continue' }).click()
  await expect(page.getByLabel('Email')).toHaveValue(person.email)
  await submitSignIn(page, { email: person.email, password: chosen })
  await expect(page.getByText(person.email)).toBeVisible()
})

test('the password is changed on the account page: the other devices are signed out, this one is not', async ({ page, person }) => {
  await signIn(page, person)
  const elsewhere = await otherBrowser(page, '/login')
  await submitSignIn(elsewhere, person)
  await expect(elsewhere).toHaveURL('/account')

  await page.getByRole('link', { name: 'Change password' }).click()
  await page.getByLabel('Current password').fill('not this one')
  await choose(page, chosen)
  await expect(page.getByRole('alert')).toHaveText('Error: This password is not correct.')
  await expect(page.getByLabel('Current password')).toHaveValue('')
  await expect(page.getByLabel('New password')).toHaveValue(chosen)
  await page.getByLabel('Current password').fill(person.password)
  await choose(page, chosen)
  await expect(page).toHaveURL('/account')
  await expect(page.getByText("Your password has been changed, and you're signed out on all other devices.")).toBeVisible()
  await page.reload()
  await expect(page.getByText(person.email)).toBeVisible()
  await elsewhere.goto('/account')
  await expect(elsewhere).toHaveURL('/login?next=/account')
  await elsewhere.context().close()
  expect((await mailTo(page, person.email)).subject).toBe('Your Cloakroom password was changed')
})

test('who was invited chooses a password by the link of the invitation, and signs in', async ({ page }) => {
  const email = newAddress()
  runCommand('user', 'add', email, '--invite')
  const invitation = await mailTo(page, email)
  expect(invitation.subject).toBe('Welcome to Cloakroom')
  await page.goto(linkIn(invitation))
  await expect(page.getByText(email)).toBeVisible()
  await choose(page, chosen)
  await submitSignIn(page, { email, password: chosen })
  await expect(page).toHaveURL('/account')
})

async function open(page: Page) {
  await page.goto('/login')
  return page
}

test('a password manager is led to the page that changes a password, by way of signing in', async ({ page, person }) => {
  await page.goto('/.well-known/change-password')
  await expect(page).toHaveURL('/login?next=/account/password')
  await submitSignIn(page, person)
  await expect(page.getByRole('heading', { name: 'Change password' })).toBeFocused()
})
