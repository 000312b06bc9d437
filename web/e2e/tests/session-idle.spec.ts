import { endSessionsElsewhere, expect, signIn, test, type Page } from '../fixtures'
import { startServer } from '../server'

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Your session has ended' })

/** Makes the server report that sessions end in a little more than two minutes. */
async function endsSoon(page: Page, seconds = 122) {
  await page.route('**/api/session/', async (route) => {
    const response = await route.fetch()
    const session = (await response.json()) as { state: string }
    const expires_at = new Date(Date.now() + seconds * 1_000).toISOString()
    await route.fulfill({ response, json: session.state === 'authenticated' ? { ...session, expires_at } : session })
  })
}

test('finding U2: a page that is open when its session ends shows the dialog within seconds', async ({ browser }) => {
  const server = await startServer({ CLOAKROOM_SESSION__IDLE: '3s' })
  const page = await browser.newPage({ baseURL: server.url, locale: 'en-GB' })
  try {
    await signIn(page, { email: 'grace@example.test', password: 'correct-horse-battery' })
    await expect(dialog(page)).toBeVisible({ timeout: 7_000 })
    await expect(dialog(page)).toContainText('grace@example.test')
  } finally {
    await page.close()
    await server.stop()
  }
})

test('finding U2: the countdown ends in the dialog, and what was typed is kept', async ({ page, context, person }) => {
  await page.clock.install()
  await endsSoon(page, 300)
  await signIn(page, person)
  await page.getByRole('link', { name: 'Change email' }).click()
  await page.getByLabel('New email').fill('half-typed')
  await endSessionsElsewhere(context, person)
  await page.clock.runFor(200_000)
  await expect(page.getByText(/You'll be signed out in \d:\d\d/)).toBeVisible()
  await expect(dialog(page)).toBeHidden()
  await page.clock.runFor(105_000)
  await expect(dialog(page)).toBeVisible()
  await expect(page.getByLabel('New email')).toHaveValue('half-typed')
})

test('finding U2: two open tabs do not keep a session alive by asking in turns', async ({ page, context, person }) => {
  await page.clock.install()
  await endsSoon(page)
  await signIn(page, person)
  const other = await context.newPage()
  await endsSoon(other, 200)
  await other.goto('/account')
  await expect(other.getByRole('heading', { name: 'Your account' })).toBeVisible()
  let asked = 0
  context.on('request', (request) => {
    if (request.url().endsWith('/api/session/')) asked += 1
  })
  // The clock is that of both tabs.
  await page.clock.runFor(150_000)
  expect(asked, 'the other tab knows of a later end').toBe(0)
  // The other tab may have begun seconds later. Whichever asks first tells the other.
  await page.clock.runFor(90_000)
  await expect.poll(() => asked).toBeGreaterThan(0)
})

test('finding U2: a clock that goes ahead does not ask early, which would keep the session alive', async ({ page, person }) => {
  await page.clock.install({ time: new Date(Date.now() + 30 * 60_000) })
  await endsSoon(page)
  let asked = 0
  await signIn(page, person)
  page.on('request', (request) => {
    if (request.url().endsWith('/api/session/')) asked += 1
  })
  await page.clock.runFor(60_000)
  expect(asked).toBe(0)
  await page.clock.runFor(70_000)
  await expect.poll(() => asked).toBeGreaterThan(0)
})

test('finding U10: a mail that waits for proof of identity waits as long as the dialog is open', async ({ page, person }) => {
  await page.clock.install()
  await signIn(page, person)
  await page.goto('/account/email')
  await page.getByLabel('New email').fill('new-address@example.test')
  await page.locator('main form button[type=submit]').click()
  await expect(page.getByText('new-address@example.test')).toBeVisible()
  await page.clock.runFor(90_000)
  const refusal = { type: 'about:blank', title: '', status: 403, code: 'reauthentication_required', detail: '' }
  await page.route('**/api/email/change/', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', json: refusal }), { times: 1 })
  await page.locator('.resend button').click()
  const proof = page.getByRole('dialog')
  await expect(proof.getByLabel('Password', { exact: true })).toBeFocused()
  await page.clock.runFor(45_000)
  await expect(proof).toBeVisible()
  await proof.getByLabel('Password', { exact: true }).fill(person.password)
  const again = page.waitForResponse('**/api/email/change/')
  await proof.locator('button[type=submit]').click()
  expect((await again).status()).toBe(202)
  await expect(proof).toBeHidden()
  await expect(page.locator('.resend').getByRole('alert')).toHaveCount(0)
})
