/** The types of the API, by the names that pages use. */
import type { components } from './schema.js'

type Schemas = components['schemas']

/** A person with an account. */
export type User = Schemas['User']
/** The reply of `GET /api/users/profile/`. */
export type Profile = Schemas['Profile']
/** The state of a sign-in: the values of `next`, `result` and `state`. */
export type SignInState = Schemas['SignInState']
/** The session of this browser, and the methods that it was proven with. */
export type Session = Schemas['SessionView']
/** The configuration that a page needs before anybody has signed in. */
export type Config = Schemas['ConfigView']
/** The email address and password of a sign-in or signup. */
export type Credentials = Required<Schemas['Credentials']>
/** The reply to a sign-in, with the next step. */
export type LoginReply = Schemas['LoggedIn']
/** A reply that only reports success. */
export type Detail = Schemas['Detail']

/** The reply to a request for an email. It is the same whether or not the address has an account. */
export type MailSent = Schemas['Accepted']
/** The address that a link in an email is for. */
export type LinkTarget = Schemas['AddressView']
/** The proof of an address: the token of the link, with a password in a browser that did not sign up; or the code. */
export type EmailProof = { token: string; password?: string } | { email: string; code: string }
/** The account of a reset link, and its linked accounts. */
export type ResetTarget = Schemas['ResetView']
/** A linked account during a recovery, and whether it stays. */
export type RecoveredIdentity = Schemas['RecoveredIdentityView']
/** The addresses of a change that a link undoes. */
export type UndoTarget = Schemas['UndoView']
/** A new password for the account that the link belongs to, and which linked accounts stay. */
export type NewPassword = Schemas['NewPassword']
/** The current password and the new one. */
export type PasswordChange = Required<Schemas['PasswordChange']>

/** A provider of social login. */
export type Provider = Schemas['ProviderView']
/** The reason for a trip to a provider. */
export type SocialIntent = Schemas['Intent']
/** The start of a trip to a provider: its intent, and the path to return to. */
export type SocialStart = Required<Schemas['Start']>
/** The URL to send the browser to. */
export type SocialStarted = Schemas['Started']
/** The provider's answer, from the query of the callback page. */
export type ProviderAnswer = Schemas['ProviderAnswer']
/** The outcome of a social login: the user who is signed in, or what is still missing. */
export type SocialReply = Schemas['SocialReply']
/** The proof of the account to link to: its password, a code, or, with neither, a session of it. */
export type AccountProof = { password: string } | { code: string } | Record<string, never>
/** An account at a provider that is linked to ours. */
export type Identity = Schemas['IdentityView']
/** The linked identities, and all providers. */
export type Identities = Schemas['Linked']
