import {
  expect,
  newAddress,
  openSection,
  otherBrowser,
  PASSWORD,
  signIn,
  signOut,
  submitSignIn,
  test,
  type Page,
} from '../fixtures'
import { codeIn, linkIn, mailTo } from '../mail'
import { be, continueWith } from '../provider'
import { runCommand } from '../server'

const heading = (page: Page, name: string) => expect(page.getByRole('heading', { name, exact: true })).toBeFocused()
const linked = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^Unlink ${name}`) })
const onlyWay = (page: Page) => page.getByText('This is your only way to sign in. To unlink it, set a password first.')

test('somebody who comes by a provider gets an account, goes where they wanted to, and comes in again the same way', async ({ page }) => {
  const email = newAddress()
  await page.goto('/account/email')
  await expect(page).toHaveURL('/login?next=/account/email')
  await page.getByRole('button', { name: 'Continue with GitHub' }).click()
  await be(page, 'GitHub', { email })
  await expect(page).toHaveURL('/account/email')
  await expect(page.getByText(`Your email address is ${email}.`)).toBeVisible()
  await openSection(page, 'Linked accounts')
  await expect(onlyWay(page)).toBeVisible()
  await signOut(page)
  await expect(page.getByText("You're signed out.")).toBeVisible()
  await expect(page.getByRole('button', { name: 'Continue with GitHub Last used' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Continue with Google', exact: true })).toBeVisible()
  await continueWith(page, 'GitHub', { email }, '/signup')
  await expect(page).toHaveURL('/account')
  await expect(page.getByText(email)).toBeVisible()
})

test('the article: who registered with a provider sets a password, and signs in with that', async ({ page }) => {
  const email = newAddress()
  await continueWith(page, 'Google', { email })
  await expect(page.getByText("Your account is ready, and you're signed in.")).toBeVisible()
  await page.getByRole('link', { name: 'Set a password' }).first().click()
  await page.getByLabel('Choose a password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set a password' }).click()
  await expect(page.getByText('Your password is set. You can now use it to sign in.')).toBeVisible()
  await signOut(page)
  await expect(page.getByText("You're signed out.")).toBeVisible()
  await submitSignIn(page, { email, password: PASSWORD })
  await expect(page).toHaveURL('/account')
  await expect(page.getByRole('link', { name: 'Change password' })).toBeVisible()
  await openSection(page, 'Linked accounts')
  await expect(linked(page, 'Google')).toBeVisible()
})

test('the article: who has a password links a provider on the account page, signs in with it, and unlinks it', async ({ page, person }) => {
  await signIn(page, person)
  await openSection(page, 'Linked accounts')
  await page.getByRole('button', { name: 'Link GitHub' }).click()
  await be(page, 'GitHub', { email: newAddress() })
  await expect(page).toHaveURL('/account/linked')
  await expect(page.getByText('Your accounts are now linked.')).toBeVisible()
  await expect(linked(page, 'GitHub')).toBeVisible()
  expect((await mailTo(page, person.email)).text).toContain('GitHub')

  await linked(page, 'GitHub').click()
  const dialog = page.getByRole('dialog', { name: 'Unlink GitHub?' })
  await dialog.getByRole('button', { name: 'Keep it linked' }).click()
  await expect(dialog).toBeHidden()
  await linked(page, 'GitHub').click()
  await dialog.getByRole('button', { name: 'Unlink' }).click()
  await expect(page.getByText('GitHub is no longer linked.')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Link GitHub' })).toBeVisible()
})

test('the last way in is not given up: a password comes first', async ({ page }) => {
  await continueWith(page, 'GitHub', { email: newAddress() })
  await openSection(page, 'Linked accounts')
  await expect(onlyWay(page)).toBeVisible()
  await expect(linked(page, 'GitHub')).toHaveCount(0)
  await page.getByRole('main').getByRole('link', { name: 'Set a password' }).last().click()
  await expect(page).toHaveURL('/account/password')
})

test.describe('link_required: an address that has an account', () => {
  test('is proven by its password', async ({ page, person }) => {
    await continueWith(page, 'GitHub', { email: person.email })
    await heading(page, 'You already have an account')
    await expect(page).toHaveURL('/auth/github/callback')
    await page.reload()
    await page.getByLabel('Password', { exact: true }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in and link GitHub' }).click()
    await expect(page.getByRole('alert')).toContainText('This password is not correct.')
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in and link GitHub' }).click()
    await expect(page).toHaveURL('/account')
    await expect(page.getByText('Your accounts are now linked.')).toBeVisible()
    await openSection(page, 'Linked accounts')
    await expect(linked(page, 'GitHub')).toBeVisible()
  })

  test('is proven by a code mailed to it', async ({ page, person }) => {
    await continueWith(page, 'Google', { email: person.email })
    await page.getByRole('button', { name: 'Email me a code' }).click()
    await expect(page.getByText(`We sent a code to ${person.email}.`)).toBeVisible()
    const code = codeIn(await mailTo(page, person.email)).replace(' ', '')
    await page.getByLabel('6-digit code').fill(code === '000000' ? '111111' : '000000')
    await page.getByRole('button', { name: 'Sign in and link Google' }).click()
    await expect(page.getByRole('alert')).toContainText('This code is not correct')
    await page.getByLabel('6-digit code').fill(code)
    await page.getByRole('button', { name: 'Sign in and link Google' }).click()
    await expect(page).toHaveURL('/account')
    await openSection(page, 'Linked accounts')
    await expect(linked(page, 'Google')).toBeVisible()
  })

  test('is proven by signing in as ever, and saying yes', async ({ page, person }) => {
    await continueWith(page, 'GitHub', { email: person.email })
    await page.getByRole('link', { name: 'Sign in another way' }).click()
    await submitSignIn(page, person)
    await heading(page, 'Link GitHub to your account?')
    await expect(page.getByText(`You're signed in as ${person.email}.`)).toBeVisible()
    await page.getByRole('button', { name: 'Link GitHub' }).click()
    await expect(page).toHaveURL('/account')
    await openSection(page, 'Linked accounts')
    await expect(linked(page, 'GitHub')).toBeVisible()
  })

  test('is not linked to whoever else signs in', async ({ page, person }) => {
    await continueWith(page, 'GitHub', { email: person.email })
    await page.getByRole('link', { name: 'Sign in another way' }).click()
    await submitSignIn(page, { email: 'grace@example.test', password: 'correct-horse-battery' })
    await page.getByRole('button', { name: 'Link GitHub' }).click()
    await heading(page, 'This sign-in is no longer active')
    await page.getByRole('link', { name: 'Back to your account' }).click()
    await expect(page.getByText('grace@example.test')).toBeVisible()
    await openSection(page, 'Linked accounts')
    await expect(linked(page, 'GitHub')).toHaveCount(0)
  })
})

test.describe('email_required: a provider that vouches for no address', () => {
  test('asks for one, and the code of the mail finishes the signup', async ({ page }) => {
    const [suggested, email] = [newAddress(), newAddress()]
    await continueWith(page, 'GitHub', { email: suggested, isVerified: false }, '/login?next=/account/email')
    await heading(page, 'Enter your email')
    await expect(page.getByLabel('Email')).toHaveValue(suggested)
    await page.getByLabel('Email').fill('mistyped@example.test')
    await page.getByRole('button', { name: 'Send confirmation email' }).click()
    await heading(page, 'Check your email')
    await page.getByRole('button', { name: 'Use a different address' }).click()
    await page.getByLabel('Different address').fill(email)
    await page.getByRole('button', { name: 'Send email' }).click()
    await expect(page.getByText(`We sent an email to ${email}.`)).toBeVisible()
    await page.getByLabel('6-digit code').fill(codeIn(await mailTo(page, email)))
    await page.getByRole('button', { name: 'Confirm email' }).click()
    await expect(page).toHaveURL('/account/email')
    await expect(page.getByText(`Your email address is ${email}.`)).toBeVisible()
  })

  test('or the link does, in the same browser', async ({ page, context }) => {
    const email = newAddress()
    await continueWith(page, 'Facebook', { email })
    await heading(page, 'Enter your email')
    await page.getByRole('button', { name: 'Send confirmation email' }).click()
    await heading(page, 'Check your email')
    const link = await context.newPage()
    await link.goto(linkIn(await mailTo(page, email)))
    await link.getByRole('button', { name: 'Confirm email' }).click()
    await expect(link).toHaveURL('/account')
    await openSection(link, 'Linked accounts')
    await expect(onlyWay(link)).toBeVisible()
    await expect(page).toHaveURL('/account')
  })

  test('E08: looks the same for an address that has an account, whose mail holds no link to it', async ({ page, person }) => {
    await continueWith(page, 'GitHub', { email: person.email, isVerified: false })
    await heading(page, 'Enter your email')
    await page.getByRole('button', { name: 'Send confirmation email' }).click()
    await heading(page, 'Check your email')
    expect((await mailTo(page, person.email)).text).not.toContain('#token=')
  })
})

test.describe('what can go wrong has one page, one sentence and one next step', () => {
  test('provider_denied', async ({ page }) => {
    await continueWith(page, 'GitHub', 'Deny')
    await heading(page, "GitHub didn't sign you in")
    await expect(page).toHaveURL('/auth/github/callback')
    await expect(page).toHaveTitle("Error: GitHub didn't sign you in – Cloakroom")
    await page.reload()
    await expect(page.getByRole('heading', { name: "GitHub didn't sign you in" })).toBeVisible()
    await page.getByRole('link', { name: 'Back to sign in' }).click()
    await expect(page).toHaveURL('/login')
  })

  test('provider_unreachable', async ({ page }) => {
    await continueWith(page, 'Google', 'Broken')
    await heading(page, "Google isn't responding")
  })

  test('a provider that is slow is waited for', async ({ page }) => {
    test.slow()
    await continueWith(page, 'GitHub', 'Slow')
    await expect(page.getByRole('heading', { name: 'Signing in with GitHub…' })).toBeVisible()
    await expect(page.getByText('Still working…')).toBeVisible({ timeout: 15_000 })
    await expect(page.getByRole('heading', { name: /^(Your account|Enter your email|You already have an account|GitHub isn't responding)$/ })).toBeVisible({ timeout: 30_000 })
  })

  test('a server that does not answer is given up, and may be asked again', async ({ page }) => {
    const email = newAddress()
    await page.goto('/login')
    await page.route('**/api/social/github/', () => {}, { times: 1 })
    await page.getByRole('button', { name: 'Continue with GitHub' }).click()
    await page.clock.install()
    await be(page, 'GitHub', { email })
    await expect(page.getByRole('heading', { name: 'Signing in with GitHub…' })).toBeVisible()
    await page.clock.runFor(21_000)
    await heading(page, 'This is taking longer than expected')
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect(page.getByText("Your account is ready, and you're signed in.")).toBeVisible()
  })

  test('a reload while the answer is under way ends where the sign-in does', async ({ page }) => {
    const email = newAddress()
    await page.goto('/login')
    await page.getByRole('button', { name: 'Continue with GitHub' }).click()
    // The server signs them in, but its reply never reaches the page.
    const served = new Promise<void>((resolve) => {
      void page.route('**/api/social/github/', (route) => route.fetch().then(() => resolve()), { times: 1 })
    })
    await be(page, 'GitHub', { email })
    await served
    await expect(page.getByRole('heading', { name: 'Signing in with GitHub…' })).toBeVisible()
    await page.reload()
    await expect(page).toHaveURL('/account')
    await expect(page.getByText(email)).toBeVisible()
  })

  test('state_missing', async ({ page }) => {
    await page.goto('/auth/github/callback?code=stolen')
    await expect(page.getByRole('heading', { name: 'This sign-in is no longer active' })).toBeVisible()
  })

  test('O03 O04 state_mismatch: an answer of another browser, or one that has been used', async ({ page }) => {
    let answer = ''
    page.on('request', (request) => {
      if (request.url().includes('/auth/github/callback?')) answer = request.url()
    })
    const email = newAddress()
    await continueWith(page, 'GitHub', { email })
    await expect(page).toHaveURL('/account')
    expect(answer).toContain('state=')
    const other = await otherBrowser(page, answer)
    await expect(other.getByRole('heading', { name: 'This sign-in has expired' })).toBeVisible()
    await other.context().close()
    await page.goto(answer)
    await expect(page.getByRole('heading', { name: 'This sign-in has expired' })).toBeVisible()
    await page.getByRole('link', { name: 'Back to your account' }).click()
    await expect(page.getByText(email)).toBeVisible()
  })

  test('code_rejected', async ({ page }) => {
    await page.route('**/api/social/github/', (route) =>
      route.continue({ postData: JSON.stringify({ ...(route.request().postDataJSON() as object), code: 'made-up' }) }),
    )
    await continueWith(page, 'GitHub', { email: newAddress() })
    await heading(page, "GitHub couldn't confirm it's you")
  })

  test('identity_taken', async ({ page, person, browser }) => {
    const email = newAddress()
    await continueWith(page, 'GitHub', { email })
    await expect(page).toHaveURL('/account')
    const mine = await browser.newPage({ baseURL: new URL(page.url()).origin })
    await signIn(mine, person)
    await openSection(mine, 'Linked accounts')
    await mine.getByRole('button', { name: 'Link GitHub' }).click()
    await be(mine, 'GitHub', { email })
    await heading(mine, 'This GitHub account is already linked')
    await mine.getByRole('link', { name: 'Back to your account' }).click()
    await expect(mine.getByText(person.email)).toBeVisible()
    await mine.close()
  })

  test('account_inactive', async ({ page }) => {
    const email = newAddress()
    await continueWith(page, 'GitHub', { email })
    await expect(page).toHaveURL('/account')
    runCommand('user', 'deactivate', email)
    await page.context().clearCookies()
    await continueWith(page, 'GitHub', { email })
    await heading(page, 'This account has been deactivated')
  })

  test('a provider that is not set up', async ({ page }) => {
    await page.goto('/auth/nobody/callback?code=a&state=b')
    await expect(page.getByRole('heading', { name: "nobody isn't set up here" })).toBeVisible()
  })
})

test('O07: two tabs that go to a provider side by side both come back', async ({ page, context }) => {
  const email = newAddress()
  const other = await context.newPage()
  for (const tab of [page, other]) {
    await tab.goto('/login')
    await tab.getByRole('button', { name: 'Continue with GitHub' }).click()
    await expect(tab.getByRole('heading', { name: 'Who are you at GitHub?' })).toBeVisible()
  }
  await be(page, 'GitHub', { email })
  await expect(page).toHaveURL('/account')
  await be(other, 'GitHub', { email })
  await expect(other).toHaveURL('/account')
  await expect(other.getByText(email)).toBeVisible()
})

test('X08: neither code nor state is left where a script or a reload finds it', async ({ page }) => {
  let answer = ''
  page.on('request', (request) => {
    if (request.url().includes('/callback?')) answer = request.url()
  })
  await continueWith(page, 'GitHub', 'Deny')
  await heading(page, "GitHub didn't sign you in")
  await continueWith(page, 'GitHub', { email: newAddress() })
  await expect(page).toHaveURL('/account')
  const { searchParams } = new URL(answer)
  const left = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.cookie]))
  for (const secret of [searchParams.get('code'), searchParams.get('state')]) expect(left).not.toContain(secret)
})

test('who has no password and whose session has ended signs in by the provider in a tab of its own, and goes on', async ({ page, context }) => {
  const [email, address] = [newAddress(), newAddress()]
  await continueWith(page, 'GitHub', { email })
  await expect(page.getByText(email)).toBeVisible()
  await page.goto('/account/email')
  await page.getByLabel('New email').fill(address)
  await context.clearCookies({ name: 'sessionid' })
  await page.getByRole('button', { name: 'Email me a link' }).click()
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
  await expect(dialog.getByRole('link', { name: 'Open the sign-in page' })).toBeFocused()
  await expect(dialog.getByLabel('Password')).toHaveCount(0)
  const opened = context.waitForEvent('page')
  await dialog.getByRole('link', { name: 'Open the sign-in page' }).click()
  const elsewhere = await opened
  await elsewhere.getByRole('button', { name: 'Continue with GitHub' }).click()
  await be(elsewhere, 'GitHub', { email })
  await expect(page.getByText(`We sent a link to ${address}.`)).toBeVisible()
  await expect(dialog).toBeHidden()
})
