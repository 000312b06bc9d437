/** What goes over the wire, by the names that pages use. */
import type { components } from './schema'

type Schemas = components['schemas']

/** Somebody who has an account. */
export type User = Schemas['User']
/** What `GET /api/users/profile/` tells. */
export type Profile = Schemas['Profile']
/** Who this browser is to the server. */
export type Session = Schemas['SessionView']
/** What a page needs to know before anybody has signed in. */
export type Config = Schemas['ConfigView']
/** What a person types to sign in, or to sign up. */
export type Credentials = Required<Schemas['Credentials']>
/** The reply to a sign-in, and what comes next. */
export type LoginReply = Schemas['LoggedIn']
/** A reply that only says that it worked. */
export type Detail = Schemas['Detail']

/** A mail is on its way, or would be if the address were known: the reply is the same. */
export type MailSent = Schemas['Accepted']
/** The address that a link of a mail is about. */
export type LinkTarget = Schemas['AddressView']
/** The link of the mail, with a password in any other browser than the one that signed up; or, in that one, the code. */
export type EmailProof = { token: string; password?: string } | { email: string; code: string }
/** A new password for the account that the link belongs to. */
export type NewPassword = Required<Schemas['NewPassword']>
/** The password there is, and the one to be. */
export type PasswordChange = Required<Schemas['PasswordChange']>
