/** Checks before a form is sent, to save a round trip. Each returns a code or null; the server checks again. */

/** A check of one value. */
export type Check = (value: string) => string | null

/** Checks that a value is not empty. */
export const isGiven: Check = (value) => (value === '' ? 'required' : null)

/** Checks that a value looks like an email address. */
export const isEmail: Check = (value) => {
  const address = value.trim()
  if (address === '') return 'required'
  return /^\S+@\S+$/.test(address) ? null : 'invalid'
}

/** Checks the length of a new password; null for an unknown minimum. Existing passwords are never checked. */
export function isLongEnough(value: string, minLength: number | null): string | null {
  if (value === '') return 'required'
  return minLength !== null && [...value].length < minLength ? 'too_short' : null
}

/** Removes the spaces and dashes by which people group the digits of a code. */
export const digitsOf = (value: string) => value.replace(/[\s\p{Pd}]/gu, '')

/** Checks that a value looks like a code from an email. */
export const isCode: Check = (value) => {
  const typed = digitsOf(value)
  if (typed === '') return 'required'
  return /^\d{6}$/.test(typed) ? null : 'invalid'
}
