/** What is looked at before a form is sent, to spare a round trip; the server judges for itself. */
import { passwordMinLength } from '../state/app-config'

/** Whether something stands there. */
export const required = (value: string) => (value === '' ? 'required' : null)

/** Whether this could be an address. */
export function email(value: string): string | null {
  const address = value.trim()
  if (address === '') return 'required'
  return /^\S+@\S+$/.test(address) ? null : 'invalid'
}

/** Whether a new password is long enough. An old one is never judged here. */
export function newPassword(value: string): string | null {
  if (value === '') return 'required'
  const min = passwordMinLength.value
  return min !== null && [...value].length < min ? 'too_short' : null
}

/** The digits of a code, however somebody has grouped them. */
export const digits = (value: string) => value.replace(/[\s\p{Pd}]/gu, '')

/** Whether this could be a code from a mail. */
export function code(value: string): string | null {
  const typed = digits(value)
  if (typed === '') return 'required'
  return /^\d{6}$/.test(typed) ? null : 'invalid'
}
