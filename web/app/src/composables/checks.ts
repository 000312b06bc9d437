/** The checks of a form, as the pages name them. */
import { digitsOf, isCode, isEmail, isGiven, isLongEnough } from '@cloakroom/client/kit'
import { passwordMinLength } from '../state/app-config'

export { digitsOf as digits, isCode as code, isEmail as email, isGiven as required }

/** Checks the length of a new password. */
export const newPassword = (value: string) => isLongEnough(value, passwordMinLength.value)
