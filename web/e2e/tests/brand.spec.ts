import { writeBuild } from '../apps'
import { choose, expect, expectAccessible, test } from '../fixtures'
import { everyLook } from '../looks'
import { startServer, type Server } from '../server'

const wordmark = (color: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 32"><style>.a{fill:${color}}</style><rect class="a" width="96" height="32" rx="8"/></svg>`
const files = writeBuild({
  'logo.svg': wordmark('#3b1d80'),
  'dark.svg': wordmark('#d9ccff'),
  'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#7a3cff"/></svg>',
})
let server: Server

test.beforeAll(async () => {
  server = await startServer({
    CLOAKROOM_APP__NAME: 'Größe & Söhne <"🧥">',
    CLOAKROOM_APP__LOGO: `${files.directory}/logo.svg`,
    CLOAKROOM_APP__LOGO_DARK: `${files.directory}/dark.svg`,
    CLOAKROOM_APP__ICON: `${files.directory}/icon.svg`,
    CLOAKROOM_APP__ACCENT: '#7a3cff',
    CLOAKROOM_APP__SUPPORT: 'help@example.com',
    CLOAKROOM_APP__TERMS: '/terms',
    CLOAKROOM_APP__PRIVACY: 'https://example.com/privacy',
    CLOAKROOM_APP__LANGUAGES: 'de, en',
    CLOAKROOM_APP__ORDER: 'providers',
  })
})

test.afterAll(async () => {
  await server.stop()
  files.remove()
})

for (const look of everyLook) {
  test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
    test.use(look)

    test('a branded sign-in page is accessible, also under the pointer', async ({ page }) => {
      await page.goto(`${server.url}/login`)
      await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
      await expectAccessible(page)
      await page.getByRole('button', { name: 'Sign in', exact: true }).hover()
      await expectAccessible(page)
      await page.goto(`${server.url}/signup`)
      await expect(page.getByRole('heading', { name: 'Create account' })).toBeVisible()
      await expectAccessible(page)
    })
  })
}

test('a page wears the logo, the colour and the links of the brand, in both themes', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(`${server.url}/login`)
  const home = page.getByRole('link', { name: 'Größe & Söhne <"🧥">, home' })
  await expect(home.locator('img')).toHaveAttribute('src', /\/_cloakroom\/logo-[0-9a-f]{16}\.svg/)
  await expect.poll(() => home.locator('img').evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0)
  const submit = page.getByRole('button', { name: 'Sign in', exact: true })
  await expect(submit).toHaveCSS('background-color', 'rgb(122, 60, 255)')
  await expect(page).toHaveTitle('Sign in – Größe & Söhne <"🧥">')

  await choose(page, 'Theme', 'Dark')
  await expect(home.locator('img')).toHaveAttribute('src', /\/_cloakroom\/logo_dark-/)
  await expect(submit).not.toHaveCSS('background-color', 'rgb(122, 60, 255)')

  for (const [name, target] of [
    ['Help', 'mailto:help@example.com'],
    ['Terms', '/terms'],
    ['Privacy', 'https://example.com/privacy'],
  ] as const) {
    await expect(page.getByRole('link', { name, exact: true })).toHaveAttribute('href', target)
  }
})

test('providers may stand first, and are reached first by keyboard', async ({ page }) => {
  await page.goto(`${server.url}/login`)
  const provider = page.getByRole('button', { name: 'Continue with GitHub' })
  const email = page.getByLabel('Email')
  const [above, below] = [await provider.boundingBox(), await email.boundingBox()]
  expect(above?.y).toBeLessThan(below?.y ?? 0)
  await provider.focus()
  for (let presses = 0; presses < 5 && !(await email.evaluate((field) => field === document.activeElement)); presses += 1) {
    await page.keyboard.press('Tab')
  }
  await expect(email).toBeFocused()
})

test('the first language is for who reads none of the others', async ({ browser }) => {
  const page = await browser.newPage({ locale: 'fr-FR' })
  await page.goto(`${server.url}/login`)
  await expect(page.locator('html')).toHaveAttribute('lang', 'de')
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible()
  await page.getByRole('button', { name: 'Sprache', exact: true }).click()
  await expect(page.getByRole('menuitemradio')).toHaveText(['Deutsch', 'English'])
  await page.close()
})
