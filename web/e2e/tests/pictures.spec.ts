/**
 * The pictures of README and guides (`docs/pictures`), in both themes. A picture that no longer shows its page fails here.
 * `npm --prefix web run pictures` takes them anew.
 */
import { expect, SAMPLE_PASSWORD, signIn, test as base, type Page } from '../fixtures'
import { continueWith } from '../provider'
import { startServer, type Server } from '../server'

/** An app with a name and a colour of its own, as an adopter has it. */
const BRAND = {
  CLOAKROOM_APP__NAME: 'Acme',
  CLOAKROOM_APP__ACCENT: '#7a3cff',
  CLOAKROOM_APP__SUPPORT: 'help@acme.test',
  CLOAKROOM_APP__TERMS: '/terms',
  CLOAKROOM_APP__PRIVACY: '/privacy',
}

const ada = { email: 'ada@example.test', password: SAMPLE_PASSWORD }

const test = base.extend<object, { server: Server }>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
    async ({}, use) => {
      const server = await startServer(BRAND)
      await use(server)
      await server.stop()
    },
    { scope: 'worker' },
  ],
  baseURL: ({ server }, use) => use(server.url),
})

/** Compares a page with its picture, without the link that `dev` adds. */
async function expectPicture(page: Page, name: string): Promise<void> {
  await page.locator('.cloakroom-dev').evaluateAll((links) => links.forEach((link) => link.remove()))
  await page.evaluate(() => document.fonts.ready)
  await expect(page).toHaveScreenshot(`${name}.png`)
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, viewport: { width: 1024, height: 760 } })

    test('the picture of the sign-in page shows it', async ({ page }) => {
      await page.goto('/login')
      await expect(page.getByRole('button', { name: 'Continue with GitHub' })).toBeVisible()
      await expectPicture(page, `sign-in-${colorScheme}`)
    })

    test('the picture of the sign-up page shows it', async ({ page }) => {
      await page.goto('/signup')
      await expect(page.getByRole('button', { name: 'Continue with GitHub' })).toBeVisible()
      await expectPicture(page, `sign-up-${colorScheme}`)
    })

    test('the picture of a conflict of accounts shows it', async ({ page }) => {
      await continueWith(page, 'GitHub', { email: ada.email, isVerified: true })
      await expect(page.getByLabel('Password', { exact: true })).toBeVisible()
      await expectPicture(page, `link-${colorScheme}`)
    })

    test('the picture of the account page shows it', async ({ page }) => {
      // The sample user has joined today.
      await page.route('**/api/session/', async (route) => {
        const response = await route.fetch()
        const text = await response.text()
        await route.fulfill({ response, body: text.replace(/("date_joined":")[^"]*/, '$12026-03-14T09:00:00Z') })
      })
      await signIn(page, ada)
      await page.reload()
      await expect(page.getByText('14 March 2026')).toBeVisible()
      await expectPicture(page, `account-${colorScheme}`)
    })
  })
}
