/** How the pages are looked at: in both themes, and as narrow and as wide as people have them. */
import { expect, expectAccessible, type Locator, type Page } from './fixtures'

const narrow = { width: 360, height: 740 }
const wide = { width: 1280, height: 800 }

/** Each theme once. */
export const looks = [
  { colorScheme: 'light', viewport: narrow },
  { colorScheme: 'dark', viewport: wide },
] as const

/** Each theme at each width, for the pages that everybody meets. */
export const everyLook = [...looks, { colorScheme: 'light', viewport: wide }, { colorScheme: 'dark', viewport: narrow }] as const

/** The page says this first of all. */
export async function expectHeading(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('heading', { name, exact: true, level: 1 })).toBeVisible()
}

/** Looks at what is there now. */
export async function seen(page: Page, name: string): Promise<void> {
  await expectHeading(page, name)
  await expectAccessible(page)
}

/** An error is told, and the focus is where it stands: at its field, or above the form. */
export async function expectErrorTold(where: Page | Locator): Promise<void> {
  await expect(where.getByRole('alert')).toBeVisible()
  await expect(where.locator('[aria-invalid=true]:focus, [role=alert]:focus')).toHaveCount(1)
}
