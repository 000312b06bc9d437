/**
 * Two flags in localStorage, none of them a secret and none of them believed: the server decides. A browser may refuse
 * storage altogether; then the flags live as long as the page.
 */

/** The keys in use; whoever looks into the storage shall see what they mean. */
export const AUTHENTICATED = 'cloakroom.authenticated'
/** Set when somebody has asked to sign out and the server could not be told yet. */
export const SIGN_OUT_PENDING = 'cloakroom.sign-out-pending'

const fallback = new Map<string, string>()

/** The value of a flag, or null. */
export function readFlag(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return fallback.get(key) ?? null
  }
}

/** Sets a flag, or removes it with null. */
export function writeFlag(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    if (value === null) fallback.delete(key)
    else fallback.set(key, value)
  }
}
