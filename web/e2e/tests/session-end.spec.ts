import {
  endSessionsElsewhere,
  expect,
  expectAccessible,
  openSection,
  signIn,
  signOut,
  signOutEverywhere,
  submitSignIn,
  test,
  type Page,
} from '../fixtures'

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Your session has ended' })

async function signInAgain(page: Page, password: string) {
  await dialog(page).getByLabel('Password', { exact: true }).fill(password)
  await dialog(page).getByRole('button', { name: 'Sign in' }).click()
}

/** Types into a field that the test adds to the account page. */
async function typeSomething(page: Page) {
  await page.evaluate(() => {
    const note = document.createElement('textarea')
    note.ariaLabel = 'Note'
    document.querySelector('main section section')?.append(note)
  })
  await page.getByLabel('Note').fill('half a sentence')
}

test('a session that has ended is told over the page, and the request goes on after signing in again', async ({
  page,
  context,
  person,
}) => {
  await signIn(page, person)
  await openSection(page, 'Devices')
  await typeSomething(page)
  await endSessionsElsewhere(context, person)

  const sent: string[] = []
  page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`))
  await signOutEverywhere(page)
  await expect(dialog(page)).toBeVisible()
  await expect(dialog(page)).toContainText(person.email)
  await expect(dialog(page).getByLabel('Password', { exact: true })).toBeFocused()
  await expect(page.getByLabel('Note')).toHaveValue('half a sentence')

  await signInAgain(page, 'wrong')
  await expect(dialog(page).getByRole('alert')).toContainText('Email or password is not correct.')
  await signInAgain(page, person.password)
  await expect(page.getByText("You're signed out on all devices.")).toBeVisible()
  expect(sent.filter((request) => request === 'POST /api/logout/all/')).toHaveLength(2)
})

test('what was typed is still there, and so is the focus', async ({ page, context, person }) => {
  await page.clock.install()
  await signIn(page, person)
  await openSection(page, 'Devices')
  await typeSomething(page)
  await endSessionsElsewhere(context, person)
  // A tab that comes to the front asks the server again, but not twice within five seconds.
  await page.clock.fastForward(5_000)
  await page.getByLabel('Note').focus()
  await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  await expect(dialog(page)).toBeVisible()
  await signInAgain(page, person.password)
  await expect(dialog(page)).toBeHidden()
  await expect(page.getByLabel('Note')).toHaveValue('half a sentence')
  await expect(page.getByLabel('Note')).toBeFocused()
  await expect(page).toHaveURL('/account/devices')
})

test('a private page opened with a dead session asks to sign in, then shows itself', async ({ page, context, person }) => {
  await signIn(page, person)
  await page.getByRole('link', { name: 'Cloakroom, home' }).click()
  await expect(page.getByText(`You're signed in as ${person.email}.`)).toBeVisible()
  await endSessionsElsewhere(context, person)
  await page.getByRole('link', { name: 'Go to your account' }).click()
  await expect(dialog(page)).toBeVisible()
  await signInAgain(page, person.password)
  await expect(dialog(page)).toBeHidden()
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
})

test('the dialog cannot be waved away, and "Sign out" clears the page', async ({ page, context, person }) => {
  await signIn(page, person)
  await openSection(page, 'Devices')
  await typeSomething(page)
  await endSessionsElsewhere(context, person)
  await signOutEverywhere(page)
  await expect(dialog(page)).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.mouse.click(5, 5)
  await expect(dialog(page)).toBeVisible()
  await dialog(page).getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/login/)
  await expect(page.getByLabel('Note')).toHaveCount(0)
})

test('signing in again in another tab closes the dialog here', async ({ page, context, person }) => {
  await signIn(page, person)
  await endSessionsElsewhere(context, person)
  await page.getByRole('link', { name: 'Cloakroom, home' }).click()
  await page.getByRole('link', { name: 'Go to your account' }).click()
  await expect(dialog(page)).toBeVisible()
  const other = await context.newPage()
  await other.goto('/login')
  await submitSignIn(other, person)
  await expect(dialog(page)).toBeHidden()
  await expect(page.getByText(person.email)).toBeVisible()
})

test('without a network the page says so, and a sign-out is kept until the network is back', async ({ page, context, person }) => {
  await signIn(page, person)
  await context.setOffline(true)
  await expect(page.getByText("You're offline. This page will work again once you're back online.")).toBeVisible()
  await expect(page.getByText(person.email)).toBeVisible()

  await signOut(page)
  await expect(page.getByRole('heading', { name: "You'll be signed out once you're back online" })).toBeFocused()
  await expect(page.getByText(person.email)).toBeHidden()
  await expect(page.getByText("You're signed out.")).toBeHidden()

  await context.setOffline(false)
  await expect(page.getByText("You're signed out.")).toBeVisible()
  expect((await context.cookies()).map(({ name }) => name)).not.toContain('sessionid')
})

test('a sign-out that is pending is done at the next start, before anything private is shown', async ({ page, context, person }) => {
  await signIn(page, person)
  await context.setOffline(true)
  await signOut(page)
  await expect(page.getByRole('heading', { name: /You'll be signed out/ })).toBeVisible()
  await page.close()
  await context.setOffline(false)

  const later = await context.newPage()
  const asked: string[] = []
  later.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/api/log') || pathname.startsWith('/api/session')) asked.push(pathname)
  })
  await later.goto('/account')
  await expect(later.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect(asked[0]).toBe('/api/logout/')
})

test('"signed out" is shown only once the server has said so', async ({ page, person }) => {
  await signIn(page, person)
  await page.route('**/api/logout/', (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      json: { type: 'about:blank', title: 'Unavailable', status: 503, code: 'unavailable', detail: 'Away.' },
    }),
  )
  await signOut(page)
  await expect(page.getByRole('alert')).toContainText("You're still signed in.")
  await expect(page).toHaveURL('/account')
})

test('a server that cannot be reached at the start is waited for', async ({ page }) => {
  await page.route('**/api/session/', (route) => route.abort())
  await page.goto('/account')
  await expect(page.getByRole('heading', { name: "Can't reach Cloakroom" })).toBeVisible()
  await page.unroute('**/api/session/')
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await expect(page).toHaveURL('/login?next=/account')
})

test('who is about to be signed out for want of activity is warned, and stays with one press', async ({ page, person }) => {
  await signIn(page, person)
  await page.route('**/api/session/', async (route) => {
    const response = await route.fetch()
    const session = (await response.json()) as object
    await route.fulfill({ response, json: { ...session, expires_at: new Date(Date.now() + 122_000).toISOString() } })
  })
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
  await expect(page.getByText(/You'll be signed out in 1:\d\d/)).toBeVisible()
  await expectAccessible(page)
  await page.unroute('**/api/session/')
  await page.getByRole('button', { name: 'Stay signed in' }).click()
  await expect(page.getByText(/You'll be signed out in 1:\d\d/)).toBeHidden()
})
