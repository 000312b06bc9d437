/** Checks before a form is sent, to save a round trip. Each returns a code or null; the server checks again. */
import { passwordMinLength } from '../state/app-config'

/** Checks that a value is not empty. */
export const required = (value: string) => (value === '' ? 'required' : null)

/** Checks that a value looks like an email address. */
export function email(value: string): string | null {
  const address = value.trim()
  if (address === '') return 'required'
  return /^\S+@\S+$/.test(address) ? null : 'invalid'
}

/** Checks the length of a new password. Existing passwords are never checked. */
export function newPassword(value: string): string | null {
  if (value === '') return 'required'
  const min = passwordMinLength.value
  return min !== null && [...value].length < min ? 'too_short' : null
}

/** Removes the spaces and dashes by which people group the digits of a code. */
export const digits = (value: string) => value.replace(/[\s\p{Pd}]/gu, '')

/** Checks that a value looks like a code from an email. */
export function code(value: string): string | null {
  const typed = digits(value)
  if (typed === '') return 'required'
  return /^\d{6}$/.test(typed) ? null : 'invalid'
}
