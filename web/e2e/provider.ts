/** The providers of `cloakroom dev`: they look and answer like the real ones, and let one choose who to be. */
import { expect, type Page } from '@playwright/test'

/** Somebody at a provider: one of those that its page offers, or anybody by their address. */
export type Somebody = string | { email: string; isVerified?: boolean }

/** On the provider's page, is somebody. */
export async function be(page: Page, name: string, who: Somebody): Promise<void> {
  await expect(page.getByRole('heading', { name: `Who are you at ${name}?` })).toBeVisible()
  if (typeof who === 'string') {
    await page.getByRole('button', { name: who }).click()
  } else {
    await page.getByLabel('Email address').fill(who.email)
    // A provider whose word is never taken does not offer it.
    const isVerified = page.getByLabel(`${name} has verified it`)
    if ((await isVerified.count()) > 0) await isVerified.setChecked(who.isVerified ?? true)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
  }
}

/** Goes from the sign-in page to a provider, and is somebody there. */
export async function continueWith(page: Page, name: string, who: Somebody, path = '/login'): Promise<void> {
  await page.goto(path)
  await page.getByRole('button', { name: `Continue with ${name}` }).click()
  await be(page, name, who)
}
