import { expect, SAMPLE_PASSWORD, signIn, signOut, submitSignIn, test, type Page } from '../fixtures'
import { startServer } from '../server'

const password = (page: Page) => page.getByLabel('Password', { exact: true })
const submit = (page: Page) => page.getByRole('button', { name: 'Sign in', exact: true })

test('a wrong password is told at the field, which has the focus', async ({ page }) => {
  await page.goto('/login')
  await submitSignIn(page, { email: 'nobody@example.test', password: 'wrong' })
  await expect(page.getByRole('alert')).toHaveText('Error: Email or password is not correct.')
  await expect(password(page)).toBeFocused()
  await expect(page).toHaveTitle('Error: Sign in – Cloakroom')
  await expect(page.getByLabel('Email')).toHaveValue('nobody@example.test')
  await expect(password(page)).toHaveValue('')
  await expect(password(page)).toHaveAttribute('aria-invalid', 'true')
  await expect(password(page)).toHaveAccessibleDescription('Error: Email or password is not correct.')
  await expect(page.getByLabel('Email')).toHaveAccessibleDescription('Error: Email or password is not correct.')
})

test('empty fields are found on submit, and forgiven as soon as they are filled', async ({ page }) => {
  await page.goto('/login')
  await submit(page).click()
  const summary = page.getByRole('alert')
  await expect(summary).toBeFocused()
  await expect(summary.getByRole('link')).toHaveText(['Email', 'Password'])
  await expect(password(page)).toHaveAccessibleDescription('Error: Enter your password.')
  await summary.getByRole('link', { name: 'Password' }).click()
  await expect(password(page)).toBeFocused()
  await page.getByLabel('Email').fill('ada')
  await expect(page.getByLabel('Email')).toHaveAccessibleDescription(/like name@example.com/)
  await page.getByLabel('Email').fill('ada@example.test')
  await expect(page.getByRole('alert')).toHaveText('Error: Enter your password.')
  await password(page).fill('x')
  await expect(page.getByRole('alert')).toBeHidden()
  await expect(page).toHaveTitle('Sign in – Cloakroom')
})

test('a deactivated account is told only after the right password', async ({ page }) => {
  await page.goto('/login')
  await submitSignIn(page, { email: 'alan@example.test', password: SAMPLE_PASSWORD })
  await expect(page.getByRole('alert')).toContainText('This account has been deactivated. Contact Cloakroom support.')
})

test('too many tries are answered with a countdown, and then with leave to try again', async ({ browser }) => {
  const server = await startServer({ CLOAKROOM_LIMITS__LOGIN_PER_ACCOUNT: '2/1m' })
  const page = await browser.newPage()
  try {
    await page.clock.install()
    await page.goto(`${server.url}/login`)
    const person = { email: 'grace@example.test', password: 'wrong' }
    for (let tries = 0; tries < 2; tries += 1) {
      await submitSignIn(page, person)
      await expect(page.getByRole('alert')).toContainText('Email or password is not correct.')
      await page.clock.runFor(1_000)
    }
    await submitSignIn(page, { ...person, password: SAMPLE_PASSWORD })
    const ticking = page.getByRole('alert').getByText(/^Too many attempts\. Try again in \d:\d\d\.$/)
    await expect(ticking).toBeVisible()
    const before = await ticking.textContent()
    await page.clock.runFor(2_000)
    await expect(ticking).toBeVisible()
    expect(await ticking.textContent()).not.toBe(before)
    // The text for screen readers does not tick.
    await expect(page.getByRole('alert').getByText(/Try again in (1 minute|\d+ seconds)\./)).toHaveCount(1)
    await page.clock.runFor(120_000)
    await expect(page.getByText('You can try again now.')).toBeVisible()
    await expect(page.getByRole('alert')).toBeHidden()
  } finally {
    await page.close()
    await server.stop()
  }
})

test('a server that is busy is told, and nothing typed is lost', async ({ page }) => {
  await page.route('**/api/login/', (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      json: { type: 'about:blank', title: 'Unavailable', status: 503, code: 'unavailable', detail: 'Away.' },
    }),
  )
  await page.goto('/login')
  await submitSignIn(page, { email: 'ada@example.test', password: 'typed' })
  await expect(page.getByRole('alert')).toContainText('Cloakroom is temporarily unavailable. Try again in a moment.')
  await expect(password(page)).toHaveValue('typed')
})

test('an error nobody expected comes with its request id, ready to be copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.route('**/api/login/', (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', headers: { 'X-Request-Id': 'request-7' }, body: '<h1>Bad Gateway</h1>' }),
  )
  await page.goto('/login')
  await submitSignIn(page, { email: 'ada@example.test', password: 'typed' })
  await expect(page.getByRole('alert')).toContainText('Something went wrong.')
  await page.getByRole('button', { name: 'Copy ID' }).click()
  await expect(page.getByText('Copied.')).toBeVisible()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('request-7')
})

test('a slow sign-in says what it is doing, can be cancelled, and is sent once', async ({ page }) => {
  let requests = 0
  await page.route('**/api/login/', () => {
    requests += 1
  })
  await page.clock.install()
  await page.goto('/login')
  await submitSignIn(page, { email: 'ada@example.test', password: 'typed' })
  await page.clock.runFor(200)
  const button = page.getByRole('button', { name: 'Signing in…' })
  await expect(button).toHaveAttribute('aria-busy', 'true')
  await expect(button).toBeFocused()
  await button.click()
  await page.clock.runFor(8_000)
  await expect(page.getByText('Still working…')).toBeVisible()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect(submit(page)).toHaveAttribute('aria-busy', 'false')
  await expect(page.getByRole('alert')).toBeHidden()
  expect(requests).toBe(1)

  await submit(page).click()
  await page.clock.runFor(20_100)
  await expect(page.getByRole('alert')).toContainText('This is taking longer than expected.')
  await expect(password(page)).toHaveValue('typed')
})

test('a sign-in page that has been open for long still works: a stale token is refreshed', async ({ page, context, person }) => {
  await page.goto('/login')
  await expect(submit(page)).toBeVisible()
  await page.waitForLoadState('networkidle')
  await context.addCookies([{ name: 'csrftoken', value: 'stale', url: page.url() }])
  await submitSignIn(page, person)
  await expect(page).toHaveURL('/account')
})

test('cookies that are blocked are told before anybody types', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => undefined })
  })
  await page.goto('/login')
  await expect(page.getByText('Your browser is blocking cookies for this site.')).toBeVisible()
})

test('the password can be shown, and is hidden again when it is sent', async ({ page }) => {
  await page.goto('/login')
  await page.getByLabel('Email').fill('nobody@example.test')
  await password(page).fill('wrong')
  await page.getByRole('button', { name: 'Show password' }).click()
  await expect(password(page)).toHaveAttribute('type', 'text')
  await expect(page.getByText('Your password is visible.')).toBeAttached()
  await submit(page).click()
  await expect(password(page)).toHaveAttribute('type', 'password')
})

test('Caps Lock is hinted at while it is on, without moving the button', async ({ page }) => {
  await page.goto('/login')
  await password(page).focus()
  const before = await submit(page).boundingBox()
  const press = (modifierCapsLock: boolean) =>
    password(page).evaluate(
      (input, on) => input.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', modifierCapsLock: on, bubbles: true })),
      modifierCapsLock,
    )
  await press(true)
  await expect(page.getByText('Caps Lock is on.')).toBeVisible()
  expect(await submit(page).boundingBox()).toEqual(before)
  await press(false)
  await expect(page.getByText('Caps Lock is on.')).toBeHidden()
  await press(true)
  await page.getByLabel('Email').focus()
  await expect(page.getByText('Caps Lock is on.')).toBeHidden()
})

test('browsers and password managers are told what the fields are', async ({ page }) => {
  await page.goto('/login')
  await expect(page.getByLabel('Email')).toHaveAttribute('autocomplete', 'username webauthn')
  await expect(page.getByLabel('Email')).toHaveAttribute('type', 'email')
  await expect(password(page)).toHaveAttribute('autocomplete', 'current-password')
  await expect(password(page)).not.toHaveAttribute('maxlength')
  await expect(page.locator('form')).toHaveAttribute('method', 'post')
})

test('everything can be done by keyboard alone', async ({ page, person }) => {
  await page.goto('/login')
  await expect(submit(page)).toBeVisible()
  const press = (key: string) => page.keyboard.press(key)

  await press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await press('Enter')
  await press('Tab')
  await expect(page.getByLabel('Email')).toBeFocused()
  await page.keyboard.type(person.email)
  await press('Tab')
  await page.keyboard.type(person.password)
  await press('Tab')
  await expect(page.getByRole('button', { name: 'Show password' })).toBeFocused()
  await press('Tab')
  await expect(page.getByRole('link', { name: 'Forgot password?' })).toBeFocused()
  await press('Tab')
  await expect(submit(page)).toBeFocused()
  const ring = await submit(page).evaluate((button) => getComputedStyle(button).outlineStyle)
  expect(ring).toBe('solid')
  await press('Enter')

  await expect(page.getByRole('heading', { name: 'Your account' })).toBeFocused()
  for (const name of ['Change email', 'Change password']) {
    await press('Tab')
    await expect(page.getByRole('link', { name })).toBeFocused()
  }
  for (const name of ['Password', 'Linked accounts', 'Devices']) {
    await page.getByRole('link', { name, exact: true }).focus()
    await press('Enter')
    await expect(page.getByRole('heading', { level: 1 })).toBeFocused()
  }
  for (const name of ['Sign out', 'Sign out on all devices']) {
    await press('Tab')
    await expect(page.getByRole('button', { name, exact: true })).toBeFocused()
  }
  await press('Enter')
  await expect(page.getByText("You're signed out on all devices.")).toBeVisible()
})

test('nothing moves for people who want no motion', async ({ page, person }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.route('**/api/logout/', () => {})
  await signIn(page, person)
  await signOut(page)
  await expect(page.getByRole('menuitem', { name: 'Signing out…' })).toBeVisible()
  const moving = await page.evaluate(() => document.getAnimations().length)
  expect(moving).toBe(0)
  await expect(page.locator('.spinner')).toBeHidden()
})

test('the provider used last is marked, until a password is, or somebody says that it was not them', async ({ page, person }) => {
  const marked = page.getByRole('button', { name: 'Continue with Google Last used' })
  const remember = () => page.evaluate(() => localStorage.setItem('cloakroom.last-provider', 'google'))
  await page.goto('/login')
  await remember()
  await page.reload()
  await expect(marked).toBeVisible()
  await page.getByRole('button', { name: 'Not you? Clear this' }).click()
  await expect(marked).toBeHidden()
  await remember()
  await signIn(page, person)
  await signOut(page)
  await expect(page.getByRole('button', { name: 'Continue with Google', exact: true })).toBeVisible()
})
