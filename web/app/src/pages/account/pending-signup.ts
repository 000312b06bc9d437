/**
 * The password of the signup that is pending, so that a mistyped address can be corrected without typing the password again. It
 * is kept in memory only, until the page is left.
 */
let password: string | null = null

/** Keeps the password; null forgets it. */
export function keepSignupPassword(chosen: string | null): void {
  password = chosen
}

/** Returns the password, or null. */
export function keptSignupPassword(): string | null {
  return password
}
