import AxeBuilder from '@axe-core/playwright'
import { expect, expectNoSidewaysScroll, newAddress, signUp, test, type Page } from '../fixtures'
import { codeIn, linkIn, mailTo } from '../mail'

/** Checks the page without the frame of the email. Axe cannot run there, because no script can. */
async function expectAccessibleAroundTheMail(page: Page) {
  const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
  expect.soft(violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }))).toEqual([])
  await expectNoSidewaysScroll(page)
}

test('a new mail appears by itself, with its link and its code at hand', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const inbox = await context.newPage()
  await inbox.goto('/dev/mail')
  const email = newAddress()
  await signUp(page, email)
  const row = inbox.getByRole('link', { name: email })
  await row.click()
  await expect(inbox.getByRole('heading', { level: 2 })).toHaveText('Confirm your email address for Cloakroom')
  const mail = await mailTo(page, email)
  await inbox.getByRole('button', { name: `Copy the code ${codeIn(mail)}` }).click()
  await expect(inbox.getByRole('button', { name: `Copied ${codeIn(mail)}` })).toBeVisible()
  expect(await inbox.evaluate(() => navigator.clipboard.readText())).toBe(codeIn(mail))

  await inbox.getByText('Text', { exact: true }).click()
  await expect(inbox.locator('pre')).toContainText(`\n${codeIn(mail)}\n`)
  await expect(inbox.locator('pre').getByRole('link', { name: linkIn(mail) })).toBeVisible()
  await inbox.getByText('HTML', { exact: true }).click()
  const app = context.waitForEvent('page')
  await inbox.frameLocator('iframe').getByRole('link', { name: 'Confirm email address' }).click()
  await expect((await app).getByRole('heading', { name: 'Confirm your email' })).toBeVisible()
})

test('the keyboard goes up and down in the list', async ({ page, context }) => {
  await signUp(page, newAddress())
  const [first, second] = [newAddress(), newAddress()]
  const other = await context.browser()?.newContext({ baseURL: new URL(page.url()).origin })
  const pages = [await other?.newPage(), await other?.newPage()]
  for (const [index, email] of [first, second].entries()) if (pages[index]) await signUp(pages[index], email)
  await mailTo(page, second)
  await page.goto('/dev/mail')
  const row = (email: string) => page.getByRole('link', { name: email })
  await row(second).focus()
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('nav a:focus')).toHaveAttribute('aria-current', 'true')
  await page.keyboard.press('ArrowUp')
  await expect(row(second)).toBeFocused()
  await expect(page.locator('#to')).toHaveText(second)
  await other?.close()
})

test('without mail it says what to do, and without a server that it goes on asking', async ({ page }) => {
  let isAway = false
  await page.route('**/api/dev/mail/', (route) => (isAway ? route.abort() : route.fulfill({ json: [] })))
  await page.goto('/dev/mail')
  await expect(page.getByText('No mail yet. Sign up, and the confirmation appears here.')).toBeVisible()
  await expectAccessibleAroundTheMail(page)
  isAway = true
  await expect(page.getByRole('alert')).toHaveText('The server does not answer. This page goes on asking.')
  isAway = false
  await expect(page.getByRole('alert')).toBeHidden()
})

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme })

    test('axe finds nothing on the inbox and in a mail, wide and narrow', async ({ page }) => {
      const email = newAddress()
      await signUp(page, email)
      const mail = await mailTo(page, email)
      for (const viewport of [
        { width: 1280, height: 800 },
        { width: 360, height: 740 },
      ]) {
        await page.setViewportSize(viewport)
        await page.goto('about:blank')
        await page.goto('/dev/mail')
        await expect(page.getByRole('link', { name: email })).toBeVisible()
        await expectAccessibleAroundTheMail(page)
        await page.getByRole('link', { name: email }).click()
        await expect(page.getByRole('heading', { level: 2 })).toBeVisible()
        await expectAccessibleAroundTheMail(page)
        await page.goto('about:blank')
        await page.setContent(mail.html)
        // An email is not a page and has no landmarks.
        const { violations } = await new AxeBuilder({ page }).disableRules(['region', 'landmark-one-main']).analyze()
        expect.soft(violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }))).toEqual([])
        await expectNoSidewaysScroll(page)
      }
    })
  })
}
