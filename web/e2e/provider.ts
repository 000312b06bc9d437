/** The stand-ins for providers of `cloakroom dev`. Their page lets the test choose who to be. */
import { expect, type Page } from '@playwright/test'

/** A person at a provider: one that its page offers, or anybody by their address. */
export type Somebody = string | { email: string; isVerified?: boolean }

/** Chooses a person on the provider's page. */
export async function be(page: Page, name: string, who: Somebody): Promise<void> {
  await expect(page.getByRole('heading', { name: `Who are you at ${name}?` })).toBeVisible()
  if (typeof who === 'string') {
    await page.getByRole('button', { name: who }).click()
  } else {
    await page.getByLabel('Email address').fill(who.email)
    // The page offers this only for providers whose verification we accept.
    const isVerified = page.getByLabel(`${name} has verified it`)
    if ((await isVerified.count()) > 0) await isVerified.setChecked(who.isVerified ?? true)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
  }
}

/** Goes from the sign-in page to a provider, and chooses a person there. */
export async function continueWith(page: Page, name: string, who: Somebody, path = '/login'): Promise<void> {
  await page.goto(path)
  await page.getByRole('button', { name: `Continue with ${name}` }).click()
  await be(page, name, who)
}
