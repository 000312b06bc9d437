/** The looks that pages are checked in: both themes, on narrow and wide screens. */
import { expect, expectAccessible, type Locator, type Page } from './fixtures'

const narrow = { width: 360, height: 740 }
const wide = { width: 1280, height: 800 }

/** Each theme once. */
export const looks = [
  { colorScheme: 'light', viewport: narrow },
  { colorScheme: 'dark', viewport: wide },
] as const

/** Each theme at each width, for the pages that everybody sees. */
export const everyLook = [...looks, { colorScheme: 'light', viewport: wide }, { colorScheme: 'dark', viewport: narrow }] as const

/** Expects that the page has this heading. */
export async function expectHeading(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('heading', { name, exact: true, level: 1 })).toBeVisible()
}

/** Expects the heading and an accessible page. */
export async function seen(page: Page, name: string): Promise<void> {
  await expectHeading(page, name)
  await expectAccessible(page)
}

/** Expects an error that has the focus: at its field, or above the form. */
export async function expectErrorTold(where: Page | Locator): Promise<void> {
  await expect(where.getByRole('alert')).toBeVisible()
  await expect(where.locator('[aria-invalid=true]:focus, [role=alert]:focus')).toHaveCount(1)
}
