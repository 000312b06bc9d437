import {
  choose,
  expect,
  newAddress,
  otherBrowser,
  PASSWORD,
  signIn,
  signOut,
  signUp,
  submitSignIn,
  test,
  type Page,
} from '../fixtures'
import { codeIn, linkIn, mailsTo, mailTo } from '../mail'
import { startServer } from '../server'

const code = (page: Page) => page.getByLabel('6-digit code')
const confirm = (page: Page) => page.getByRole('button', { name: 'Confirm email' })

test('a newcomer signs up, reads the mail, and confirms by the link; the tab that waits goes where they wanted to go', async ({
  page,
  context,
}) => {
  const email = newAddress()
  await page.goto('/account/password')
  await page.getByRole('link', { name: 'Create account' }).click()
  await expect(page).toHaveURL('/signup?next=/account/password')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Choose a password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page).toHaveTitle('Check your email – Cloakroom')
  await expect(page.getByText(email)).toBeVisible()

  const link = await context.newPage()
  await link.goto(linkIn(await mailTo(page, email)))
  await expect(link).toHaveURL('/verify-email')
  await expect(link.getByText(email)).toBeVisible()
  // Opening the link changes nothing: there is no account yet.
  await link.reload()
  await expect(link.getByText('Open that link again.')).toBeVisible()
  await link.goto(linkIn(await mailTo(page, email)))
  await confirm(link).click()
  await expect(link).toHaveURL('/account')
  await expect(link.getByText("Your email is confirmed, and you're signed in.")).toBeVisible()
  await expect(link.getByText(email)).toBeVisible()
  await expect(page).toHaveURL('/account/password')

  // The link has been used. The page says so, and that they are signed in.
  await link.goto(linkIn(await mailTo(page, email)))
  await expect(link.getByText(`You're signed in as ${email}.`)).toBeVisible()
  const elsewhere = await otherBrowser(page, linkIn(await mailTo(page, email)))
  await expect(elsewhere.getByRole('heading', { name: 'This link no longer works' })).toBeFocused()
  await elsewhere.getByRole('link', { name: 'Sign in' }).last().click()
  await submitSignIn(elsewhere, { email, password: PASSWORD })
  await expect(elsewhere).toHaveURL('/account')
  await elsewhere.context().close()
})

test('the code of the mail does the same, however it is grouped; a wrong one is told beside the field', async ({ page }) => {
  const email = newAddress()
  await signUp(page, email)
  const right = codeIn(await mailTo(page, email)).replace(' ', '')
  await expect(code(page)).toHaveAttribute('inputmode', 'numeric')
  await expect(code(page)).toHaveAttribute('autocomplete', 'one-time-code')

  await confirm(page).click()
  await expect(page.getByRole('alert')).toHaveText('Error: Enter the code from the email.')
  await code(page).fill(right === '000000' ? '111111' : '000000')
  await confirm(page).click()
  await expect(page.getByRole('alert')).toContainText('This code is not correct, or it has expired.')
  await expect(code(page)).toHaveAccessibleDescription(/Error: This code is not correct/)
  await code(page).fill(` ${right.slice(0, 3)}-${right.slice(3)} `)
  await expect(page).toHaveURL('/check-email')
  await confirm(page).click()
  await expect(page).toHaveURL('/account')
})

test('T16: another browser is asked for a password, and that one becomes the account\u2019s', async ({ page }) => {
  const email = newAddress()
  await signUp(page, email, 'the password of whoever signed up')
  const owner = await otherBrowser(page, linkIn(await mailTo(page, email)))
  await confirm(owner).click()
  await expect(owner.getByRole('heading', { name: 'Choose a password' })).toBeFocused()
  await owner.getByLabel('Choose a password').fill('short')
  await owner.getByRole('button', { name: 'Confirm email and sign in' }).click()
  await expect(owner.getByRole('alert')).toContainText('Use at least 10 characters.')
  await owner.getByLabel('Choose a password').fill('the password of the owner')
  await owner.getByRole('button', { name: 'Confirm email and sign in' }).click()
  await expect(owner).toHaveURL('/account')
  await owner.context().close()

  // It was confirmed on another device. The page here says what to do, and the first password does not work.
  await page.getByRole('link', { name: 'Sign in' }).last().click()
  await expect(page.getByLabel('Email')).toHaveValue(email)
  await submitSignIn(page, { email, password: 'the password of whoever signed up' })
  await expect(page.getByRole('alert')).toContainText('Email or password is not correct.')
  await submitSignIn(page, { email, password: 'the password of the owner' })
  await expect(page).toHaveURL('/account')
})

test('whoever is signed in as someone else is told both names, and goes on after signing out', async ({ page, person }) => {
  const email = newAddress()
  await signUp(page, email)
  const link = linkIn(await mailTo(page, email))
  await signIn(page, person)
  await page.goto(link)
  await expect(page.getByRole('heading', { name: "You're signed in as someone else" })).toBeFocused()
  await expect(page.getByText(`This link is for ${email}, but you're signed in as ${person.email}.`)).toBeVisible()
  await page.getByRole('button', { name: 'Sign out and continue' }).click()
  await page.getByLabel('Choose a password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Confirm email and sign in' }).click()
  await expect(page.getByText('Your email is confirmed, and')).toBeVisible()
  await expect(page.getByText(email)).toBeVisible()
})

test('a newer mail voids the link before it; the time until one may be asked for is the server\u2019s, and survives a reload', async ({
  page,
}) => {
  await page.clock.install()
  const email = newAddress()
  await signUp(page, email)
  const first = linkIn(await mailTo(page, email))
  await page.clock.runFor(20_000)
  await page.reload()
  await expect(page.getByText(email)).toBeVisible()
  await expect(page.getByText(/You can request another email in 0:[34]\d\./)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Resend email' })).toBeHidden()
  await page.clock.runFor(60_000)
  await page.getByRole('button', { name: 'Resend email' }).click()
  await expect(page.getByText('The link in the previous one no longer works.')).toBeVisible()
  const second = linkIn(await mailTo(page, email, 2))

  const owner = await otherBrowser(page, first)
  await expect(owner.getByRole('heading', { name: 'This link no longer works' })).toBeVisible()
  await owner.context().close()
  await page.goto(second)
  await confirm(page).click()
  await expect(page).toHaveURL('/account')
})

test('a mistyped address is corrected without typing the password again', async ({ page }) => {
  const [wrong, right] = [newAddress(), newAddress()]
  await signUp(page, wrong)
  await page.getByRole('button', { name: 'Use a different address' }).click()
  await expect(page.getByLabel('Different address')).toBeFocused()
  await page.getByLabel('Different address').fill(right)
  await page.getByRole('button', { name: 'Send email' }).click()
  await expect(page.getByText(`We sent an email to ${right}.`)).toBeVisible()
  await expect(page.getByLabel('Different address')).toBeHidden()
  await code(page).fill(codeIn(await mailTo(page, right)))
  await confirm(page).click()
  await expect(page.getByText(right)).toBeVisible()
  await signOut(page)
  await expect(page.getByText("You're signed out.")).toBeVisible()
  await submitSignIn(page, { email: right, password: PASSWORD })
  await expect(page).toHaveURL('/account')
})

test('X08: after a reload the password is gone, and so it is asked for together with another address', async ({ page, context }) => {
  const email = newAddress()
  await signUp(page, email)
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]))
  expect(kept).not.toContain(PASSWORD)
  await page.reload()
  await page.getByRole('button', { name: 'Use a different address' }).click()
  await expect(page).toHaveURL('/signup')
  await expect(page.getByLabel('Email')).toHaveValue(email)

  await page.goto(linkIn(await mailTo(page, email)))
  await expect(page.getByText(email)).toBeVisible()
  const token = new URL(linkIn(await mailTo(page, email))).hash.slice('#token='.length)
  const readable = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.cookie]))
  expect(readable).not.toContain(token)
  expect(context.pages().map((open) => open.url()).join()).not.toContain(token)
})

test('E03: an address that has an account gets the same page, and a mail that says so', async ({ page, person }) => {
  await signUp(page, person.email)
  const known = await page.locator('main').innerText()
  const other = newAddress()
  await signUp(page, other)
  const unknown = await page.locator('main').innerText()
  const neutral = (text: string) => text.replace(person.email, '…').replace(other, '…').replace(/in \d:\d\d/, 'in …')
  expect(neutral(known)).toBe(neutral(unknown))
  expect((await mailTo(page, person.email)).subject).toBe('You already have an account at Cloakroom')
})

test('a password is refused with the reason beside it, and a likely slip in the address is pointed out', async ({ page }) => {
  await page.goto('/signup')
  await page.getByLabel('Email').fill('ann@gmial.com')
  await page.getByLabel('Choose a password').fill('password123')
  await page.getByRole('button', { name: 'ann@gmail.com' }).click()
  await expect(page.getByLabel('Email')).toHaveValue('ann@gmail.com')
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByRole('alert')).toHaveText(/on the lists that attackers try first/)
  await expect(page).toHaveTitle('Error: Create account – Cloakroom')
  await expect(page.getByLabel('Choose a password')).toHaveAccessibleDescription(/At least 10 characters.*on the lists/)
})

test('mails are written in the language of the page', async ({ page }) => {
  const email = newAddress()
  await page.goto('/signup')
  await choose(page, 'Language', 'Deutsch')
  await page.getByLabel('E-Mail-Adresse').fill(email)
  await page.getByLabel('Passwort wählen').fill(PASSWORD)
  await page.getByRole('button', { name: 'Konto erstellen' }).click()
  await expect(page.getByRole('heading', { name: 'Prüfen Sie Ihre E-Mails' })).toBeVisible()
  expect((await mailTo(page, email)).text).toContain('Wenn Sie sich nicht bei Cloakroom registriert haben')
})

test('where nobody may sign up, the pages say so', async ({ browser }) => {
  const server = await startServer({ CLOAKROOM_SIGNUP__MODE: 'closed' })
  const page = await browser.newPage({ baseURL: server.url })
  try {
    await page.goto('/login')
    await expect(page.getByRole('link', { name: 'Forgot password?' })).toBeVisible()
    await expect(page.getByRole('link', { name: 'Create account' })).toHaveCount(0)
    await page.goto('/signup')
    await expect(page.getByRole('heading', { name: 'Sign-up is closed' })).toBeVisible()
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
    await expect(page).toHaveURL('/login')
  } finally {
    await page.close()
    await server.stop()
  }
})

test('whoever is signed in has no business on the pages for newcomers', async ({ page, person }) => {
  await signIn(page, person)
  for (const path of ['/signup', '/check-email']) {
    await page.goto(path)
    await expect(page).toHaveURL('/account')
  }
  expect(await mailsTo(page, person.email)).toEqual([])
})
