import { expect, expectAccessible, newAddress, PASSWORD, SAMPLE_PASSWORD, submitSignIn, test, type Page } from '../fixtures'
import { buildApp, type Kit } from '../kits/build'
import { codeIn, mailTo } from '../mail'
import { startServer, type Server } from '../server'

const ada = { email: 'ada@example.test', password: SAMPLE_PASSWORD }
const password = (page: Page) => page.getByLabel('Password', { exact: true })

/** Opens a page of the app, with the style sheet of the components or without. */
async function open(page: Page, path: string, look: 'plain' | 'themed' = 'plain') {
  await page.addInitScript((chosen) => sessionStorage.setItem('look', chosen), look)
  await page.goto(path)
}

for (const kit of ['vue', 'react'] satisfies Kit[]) {
  test.describe(`an app with the components for ${kit}`, () => {
    let server: Server | undefined
    let remove = () => {}

    test.beforeAll(async () => {
      const app = await buildApp(kit)
      remove = app.remove
      server = await startServer({ CLOAKROOM_APP__DIR: app.directory, CLOAKROOM_SESSION__RECENT: '1s' })
    })

    test.afterAll(async () => {
      await server?.stop()
      remove()
    })

    // Paths are those of this server. Playwright asks before it has started as well, for its own hooks.
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
    test.use({ baseURL: async ({}, use) => use(server?.url) })

    test('signs in and out, over the guard and the menu', async ({ page }) => {
      await open(page, '/reports')
      await expect(page).toHaveURL(/\/login\?next=(\/|%2F)reports$/)
      await submitSignIn(page, { ...ada, password: 'wrong' })
      await expect(page.getByRole('alert')).toHaveText('Error: Email or password is not correct.')
      await expect(password(page)).toBeFocused()
      await password(page).fill(ada.password)
      await page.keyboard.press('Enter')
      await expect(page.getByRole('heading', { name: 'Reports' })).toBeVisible()
      await expect(page).toHaveURL('/reports')
      await page.getByRole('button', { name: ada.email }).click()
      await expect(page.getByRole('menuitem', { name: 'Reports' })).toBeVisible()
      await page.getByRole('menuitem', { name: 'Sign out' }).click()
      await expect(page).toHaveURL('/login')
    })

    test('makes an account, with the code of the email', async ({ page }) => {
      const email = newAddress()
      await open(page, '/signup')
      await page.getByLabel('Email').fill(email)
      await page.getByLabel('Choose a password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Create account' }).click()
      await expect(page.getByText(`We sent an email to ${email}.`)).toBeFocused()
      await page.getByLabel('6-digit code').fill(codeIn(await mailTo(page, email)))
      await page.getByRole('button', { name: 'Confirm email' }).click()
      await expect(page.getByRole('heading', { name: 'Reports' })).toBeVisible()
    })

    test('asks for the password before a sensitive change, and then makes it', async ({ page }) => {
      await open(page, '/login')
      await submitSignIn(page, ada)
      // The proof of this sign-in is good for a second.
      await expect(async () => {
        await page.getByRole('button', { name: 'Change email' }).click()
        await expect(page.getByRole('dialog', { name: "Confirm it's you" })).toBeVisible({ timeout: 1_000 })
      }).toPass()
      await expect(password(page)).toBeFocused()
      await page.keyboard.press('Escape')
      await expect(page.getByRole('status').getByText('reauthentication_required')).toBeVisible()
      await page.getByRole('button', { name: 'Change email' }).click()
      await password(page).fill(ada.password)
      await page.getByRole('button', { name: 'Continue', exact: true }).click()
      await expect(page.getByText('An email is on its way.')).toBeVisible()
      await expect(page.getByRole('dialog')).toBeHidden()
    })

    // Without a style sheet, the colours are the browser's.
    for (const [look, colorScheme] of [['plain', 'light'], ['themed', 'light'], ['themed', 'dark']] as const) {
      test(`is accessible, ${look} and ${colorScheme}, with errors too`, async ({ page }) => {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width: 360, height: 740 })
        await open(page, '/login', look)
        await expect(page.getByRole('button', { name: 'Continue with GitHub' })).toBeVisible()
        await expectAccessible(page)
        await page.getByRole('button', { name: 'Sign in', exact: true }).click()
        await expect(page.getByRole('alert')).toBeFocused()
        await expectAccessible(page)
        await page.goto('/signup')
        await expect(page.getByText('At least 10 characters.')).toBeVisible()
        await expectAccessible(page)
      })
    }

    test('takes the colours of the app', async ({ page }) => {
      await open(page, '/login', 'themed')
      await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toHaveCSS('background-color', 'rgb(122, 31, 162)')
      await expect(page.getByLabel('Email')).toHaveCSS('border-radius', '12px')
    })
  })
}
