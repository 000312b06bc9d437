import { expect, newAddress, test, type Page } from '../fixtures'
import { be, continueWith } from '../provider'
import { startServer } from '../server'

/** Runs a story against a server with its own settings. */
async function withServer(page: Page, settings: Record<string, string>, story: (path: (path: string) => string) => Promise<void>) {
  const server = await startServer(settings)
  try {
    await story((path) => server.url + path)
  } finally {
    await page.goto('about:blank')
    await server.stop()
  }
}

test('signup_closed: a provider opens no new account where nobody may sign up', async ({ page }) => {
  await withServer(page, { CLOAKROOM_SIGNUP__MODE: 'closed' }, async (path) => {
    await continueWith(page, 'GitHub', { email: newAddress() }, path('/login'))
    await expect(page.getByRole('heading', { name: 'Sign-up is closed' })).toBeFocused()
    await expect(page.getByText('sign in and link GitHub there')).toBeVisible()
  })
})

test('not_allowed: an address of another domain than the ones that may', async ({ page }) => {
  await withServer(page, { CLOAKROOM_PIPELINE__AUTH_ALLOWED__DOMAINS: '["acme.test"]' }, async (path) => {
    await continueWith(page, 'GitHub', { email: newAddress() }, path('/login'))
    await expect(page.getByRole('heading', { name: "Cloakroom doesn't accept this account" })).toBeFocused()
  })
})

test('who has no password proves who they are by their provider, in a tab of its own, and the request goes on', async ({ page, context }) => {
  const [email, address] = [newAddress(), newAddress()]
  await withServer(page, { CLOAKROOM_SESSION__RECENT: '4s' }, async (path) => {
    await continueWith(page, 'GitHub', { email }, path('/login'))
    await expect(page.getByText(email)).toBeVisible()
    await page.goto(path('/account/email'))
    await page.getByLabel('New email').fill(address)
    await page.waitForTimeout(4_500)
    await page.getByRole('button', { name: 'Email me a link' }).click()
    const dialog = page.getByRole('dialog', { name: "Confirm it's you" })
    await expect(dialog.getByRole('link', { name: 'Continue with GitHub' })).toBeFocused()
    const opened = context.waitForEvent('page')
    await dialog.getByRole('link', { name: 'Continue with GitHub' }).click()
    await be(await opened, 'GitHub', { email })
    await expect(page.getByText(`We sent a link to ${address}.`)).toBeVisible()
    await expect(dialog).toBeHidden()
  })
})
