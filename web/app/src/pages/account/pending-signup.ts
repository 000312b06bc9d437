/**
 * The password that somebody has just signed up with, so that a mistyped address can be corrected without typing the
 * password again. It is in this memory only, and gone with the page.
 */
let password: string | null = null

/** Keeps it; null forgets it. */
export function keepSignupPassword(chosen: string | null): void {
  password = chosen
}

/** What has been kept. */
export function keptSignupPassword(): string | null {
  return password
}
