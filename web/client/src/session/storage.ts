/**
 * Access to localStorage that never throws. Where a browser refuses storage, values last as long as the page. On a server nothing is
 * kept. Nothing kept here is a secret, and nothing is trusted: the server decides.
 */

/** The flag that somebody was signed in at this browser's last answer from the server. */
export const AUTHENTICATED = 'cloakroom.authenticated'
/** Set while a sign-out was asked for and the server does not know yet. */
export const SIGN_OUT_PENDING = 'cloakroom.sign-out-pending'
/** The id of the provider used for the last sign-in in this browser. */
export const LAST_PROVIDER = 'cloakroom.last-provider'

/** The values of a page whose browser refuses storage. They belong to its window: a server, which has none, shares nothing. */
const refused = new WeakMap<Window, Map<string, string>>()

function fallback(): Map<string, string> {
  if (typeof window === 'undefined') return new Map()
  const values = refused.get(window) ?? new Map<string, string>()
  refused.set(window, values)
  return values
}

/** Returns the value of a key, or null. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return fallback().get(key) ?? null
  }
}

/** Sets the value of a key; null removes it. */
export function writeStored(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    if (value === null) fallback().delete(key)
    else fallback().set(key, value)
  }
}
