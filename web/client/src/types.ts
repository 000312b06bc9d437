/** What goes over the wire, by the names that pages use. */
import type { components } from './schema.js'

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
/** The account of a reset link, and which of its linked accounts stay. */
export type ResetTarget = Schemas['ResetView']
/** A linked account of somebody who takes their account back, and whether it stays. */
export type RecoveredIdentity = Schemas['RecoveredIdentityView']
/** The addresses of a change that a link undoes. */
export type UndoTarget = Schemas['UndoView']
/** A new password for the account that the link belongs to, and which linked accounts stay. */
export type NewPassword = Schemas['NewPassword']
/** The password there is, and the one to be. */
export type PasswordChange = Required<Schemas['PasswordChange']>

/** A provider of social login. */
export type Provider = Schemas['ProviderView']
/** Why somebody goes to a provider. */
export type SocialIntent = Schemas['Intent']
/** What somebody wants of a provider, and the path of this site to go to afterwards. */
export type SocialStart = Required<Schemas['Start']>
/** Where to send the browser. */
export type SocialStarted = Schemas['Started']
/** What came back from the provider, in the query of the callback page. */
export type ProviderAnswer = Schemas['ProviderAnswer']
/** What became of a social login: who is signed in, or what is still missing. */
export type SocialReply = Schemas['SocialReply']
/** How somebody proves the account that is to be linked; with neither, by being signed in to it. */
export type AccountProof = { password: string } | { code: string } | Record<string, never>
/** A provider's account that opens this one. */
export type Identity = Schemas['IdentityView']
/** The ways in by a provider: those that are linked, and all there are. */
export type Identities = Schemas['Linked']
