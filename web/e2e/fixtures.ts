import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type BrowserContext, type Page } from '@playwright/test'
import { randomUUID } from 'node:crypto'
import { addUser } from './server'

export { expect, type BrowserContext, type Locator, type Page } from '@playwright/test'

/** A person with an account. */
export interface Person {
  email: string
  password: string
}

/** The password of the sample users. */
export const SAMPLE_PASSWORD = 'correct-horse-battery'

interface Fixtures {
  /** An account for this test alone, so that no other test signs it out. */
  person: Person
  /** The violations of the policy and the uncaught errors in all pages. The fixture expects none. */
  faults: string[]
}

export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
  person: async ({}, use) => {
    const person = { email: newAddress(), password: PASSWORD }
    addUser(person.email, person.password)
    await use(person)
  },
  faults: [
    async ({ context }, use) => {
      const faults: string[] = []
      context.on('weberror', (error) => faults.push(`uncaught: ${error.error().message}`))
      context.on('console', (message) => {
        if (/content.security.policy|CSP violation/i.test(message.text())) faults.push(message.text())
      })
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`)
        })
      })
      await use(faults)
      expect(faults).toEqual([])
    },
    { auto: true },
  ],
})

/** Returns an address that nobody has used yet. */
export const newAddress = () => `person-${randomUUID()}@example.test`

/** A password that the policy accepts. */
export const PASSWORD = 'a password of their own'

/** Fills in the signup form and sends it. */
export async function signUp(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto('/signup')
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Choose a password').fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page.getByRole('heading', { name: 'Check your email' })).toBeFocused()
}

/** Opens a page in another browser: another device, or another person. */
export async function otherBrowser(page: Page, url: string): Promise<Page> {
  const browser = page.context().browser()
  if (!browser) throw new Error('this context has no browser')
  const other = await (await browser.newContext({ baseURL: new URL(page.url()).origin, locale: 'en-GB' })).newPage()
  await other.goto(url)
  return other
}

/** Fills in the sign-in form and sends it. */
export async function submitSignIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Signs in on the sign-in page, and waits for the account page. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/login')
  await submitSignIn(page, person)
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
}

/** Signs out by the menu in the header. */
export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Account menu' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
}

/** Opens a section of the account area by its link. */
export async function openSection(page: Page, name: string): Promise<void> {
  const link = page.getByRole('navigation', { name: 'Your account' }).getByRole('link', { name, exact: true })
  await link.click()
  await expect(link).toHaveAttribute('aria-current', 'page')
}

/** Signs out on every device, on the account page about devices. */
export async function signOutEverywhere(page: Page): Promise<void> {
  await openSection(page, 'Devices')
  await page.getByRole('button', { name: 'Sign out on all devices' }).click()
}

/** Ends every session of a person from another device. */
export async function endSessionsElsewhere(context: BrowserContext, person: Person): Promise<void> {
  const browser = context.browser()
  if (!browser) throw new Error('this context has no browser')
  const elsewhere = await browser.newContext()
  const page = await elsewhere.newPage()
  await page.goto(new URL('/login', context.pages()[0]?.url()).href)
  await submitSignIn(page, person)
  await signOutEverywhere(page)
  await expect(page.getByText("You're signed out on all devices.")).toBeVisible()
  await elsewhere.close()
}

/** Chooses an entry of a menu in the header: a language or a theme. */
export async function choose(page: Page, menu: string, entry: string): Promise<void> {
  await page.getByRole('button', { name: menu, exact: true }).click()
  await page.getByRole('menuitemradio', { name: entry, exact: true }).click()
}

/** Expects that axe finds nothing, and that the page fits the window. */
export async function expectAccessible(page: Page): Promise<void> {
  // The default mode opens a page for each check to sum up foreign frames. There are none, and it takes a third of the time.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  const told = violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map((node) => node.html) }))
  expect.soft(told, `axe at ${page.url()}`).toEqual([])
  await expectNoSidewaysScroll(page)
}

/** Expects that the page cannot be scrolled sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  expect.soft(excess, `sideways scroll at ${page.url()}`).toBe(0)
}
