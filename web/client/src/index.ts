/**
 * The client of Cloakroom's API. It needs no framework, keeps no state, and returns expected failures as values.
 *
 * Credentials are in HttpOnly cookies that this code cannot read. The only cookie it reads is the CSRF token. It reads it for each
 * request, because every sign-in and sign-out in any tab changes it.
 */
import { localProblem, type Result } from './problem.js'
import { createRequester, type CallOptions, type ClientOptions, type Remedy, type RequestOptions } from './request.js'
import type {
  AccountProof,
  Config,
  Credentials,
  Detail,
  EmailProof,
  Identities,
  LinkTarget,
  LoginReply,
  MailSent,
  NewPassword,
  PasswordChange,
  Profile,
  ResetTarget,
  ProviderAnswer,
  Session,
  SocialReply,
  SocialStart,
  SocialStarted,
  UndoTarget,
} from './types.js'

export type { FieldProblem, KnownProblemCode, Problem, ProblemCode, Result } from './problem.js'
export type { CallOptions, ClientOptions, Remedy, RequestOptions } from './request.js'
export { timeoutSignal } from './timeout.js'
export type * from './types.js'

/** A client: one method for each call of the API. */
export interface Client {
  /**
   * Requests any path of this origin, also of your own API. It works as `fetch`, but handles CSRF and returns problems as values. JSON
   * comes parsed, text as a string, anything else as a Blob.
   */
  fetch<Data = unknown>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Returns the session of this browser. To be signed out is an answer, not a problem. */
  session(options?: CallOptions): Promise<Result<Session>>
  /** Returns the name of the app, whether signup is open, the password rules and the providers. */
  config(options?: CallOptions): Promise<Result<Config>>
  /** Makes the server set the CSRF cookie, before the first sign-in; `cookies_blocked` if the browser refuses it. */
  loginSetCookie(options?: CallOptions): Promise<Result<Detail>>
  /** Signs in with an email address and a password. */
  login(credentials: Credentials, options?: CallOptions): Promise<Result<LoginReply>>
  /** Ends the session of this browser, if there is one. */
  logout(options?: CallOptions): Promise<Result<Detail>>
  /** Ends every session of the user. */
  logoutAll(options?: CallOptions): Promise<Result<Detail>>
  /** Returns the profile of the user; `not_authenticated` without a session. */
  profile(options?: CallOptions): Promise<Result<Profile>>

  /** Starts a signup. Only the email tells whether the address has an account already. */
  signup(credentials: Credentials, options?: CallOptions): Promise<Result<MailSent>>
  /** Sends the email of this browser's pending signup again, which invalidates the older link. */
  resendSignup(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Checks the link of a confirmation email without using it. */
  checkEmailToken(token: string, options?: CallOptions): Promise<Result<LinkTarget>>
  /** Confirms the address, which creates the account and signs in. */
  verifyEmail(proof: EmailProof, options?: CallOptions): Promise<Result<LoginReply>>
  /** Sends a link that resets the password, if the address has an account. */
  requestPasswordReset(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Checks the link of a reset email without using it. */
  checkPasswordResetToken(token: string, options?: CallOptions): Promise<Result<ResetTarget>>
  /** Sets the new password and ends every session of the account. It signs nobody in. */
  confirmPasswordReset(choice: NewPassword, options?: CallOptions): Promise<Result<Detail>>
  /** Changes the password and ends every other session. */
  changePassword(change: PasswordChange, options?: CallOptions): Promise<Result<Detail>>
  /** Sets the first password of an account that has none. It needs recent proof of identity. */
  setPassword(password: string, options?: CallOptions): Promise<Result<Detail>>
  /** Proves the identity again, by password. */
  reauthenticate(password: string, options?: CallOptions): Promise<Result<LoginReply>>
  /** Sends a link to a new address. The old address stays until the link is used. It needs recent proof of identity. */
  changeEmail(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Checks the link that confirms a new address without using it. */
  checkEmailChangeToken(token: string, options?: CallOptions): Promise<Result<LinkTarget>>
  /** Gives the account its new address. It needs a session of that user. */
  confirmEmailChange(token: string, options?: CallOptions): Promise<Result<Detail>>
  /** Checks the link that undoes a change of address without using it. */
  checkUndoToken(token: string, options?: CallOptions): Promise<Result<UndoTarget>>
  /** Gives the account its old address back, and ends every session. */
  undoEmailChange(token: string, options?: CallOptions): Promise<Result<Detail>>

  /** Starts a social login; send the browser to the `url`. The intent `link` needs recent proof of identity. */
  startSocial(provider: string, start: SocialStart, options?: CallOptions): Promise<Result<SocialStarted>>
  /** Hands over the answer that the provider sent to the callback page. */
  finishSocial(provider: string, answer: ProviderAnswer, options?: CallOptions): Promise<Result<SocialReply>>
  /** Proves the existing account after `link_required`, and links the pending identity to it. */
  linkSocial(proof: AccountProof, options?: CallOptions): Promise<Result<SocialReply>>
  /** Sends a code to the existing account after `link_required`. */
  sendLinkCode(options?: CallOptions): Promise<Result<MailSent>>
  /** Sends a link and a code after `email_required`. They finish the signup as any other. */
  tellSocialEmail(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Returns the identities that are linked to this account. */
  identities(options?: CallOptions): Promise<Result<Identities>>
  /** Unlinks an identity. It needs recent proof of identity; `last_sign_in_method` refuses the last way to sign in. */
  unlinkIdentity(id: string, options?: CallOptions): Promise<Result<Detail>>

  /**
   * Converts an instant of the server (RFC 3339) to the browser's clock, in milliseconds, by the newest reply. Clocks of browsers are
   * often wrong.
   */
  byOwnClock(instant: string): number
  /** Registers the handler for a session that has ended; null removes it. */
  onNotAuthenticated(handler: Remedy | null): void
  /** Registers the handler for a request that needs fresh proof of identity; null removes it. */
  onReauthenticationRequired(handler: Remedy | null): void
}

/** Creates a client. It holds no session: the browser's cookies do. */
export function createClient(options: ClientOptions = {}): Client {
  const { call: ask, send, remedy, hasToken, byOwnClock } = createRequester(options)
  const get =
    <Data>(path: string) =>
    (call?: CallOptions) =>
      ask<Data>(path, call)
  const post = <Data>(path: string, body?: unknown, call: CallOptions = {}) =>
    ask<Data>(path, { ...call, method: 'POST', body })

  return {
    fetch: send,
    session: get('/api/session/'),
    config: get('/api/config/'),
    loginSetCookie: async (call) => {
      const result = await ask<Detail>('/api/login-set-cookie/', call)
      if (!result.ok || hasToken()) return result
      return { ok: false, problem: localProblem('cookies_blocked', 'This browser does not keep cookies.', 200) }
    },
    login: (credentials, call) => post('/api/login/', credentials, call),
    logout: (call) => post('/api/logout/', undefined, call),
    logoutAll: (call) => post('/api/logout/all/', undefined, call),
    profile: get('/api/users/profile/'),

    signup: (credentials, call) => post('/api/signup/', credentials, call),
    resendSignup: (email, call) => post('/api/signup/resend/', { email }, call),
    checkEmailToken: (token, call) => post('/api/email/verify/check/', { token }, call),
    verifyEmail: (proof, call) => post('/api/email/verify/', proof, call),
    requestPasswordReset: (email, call) => post('/api/password/reset/', { email }, call),
    checkPasswordResetToken: (token, call) => post('/api/password/reset/check/', { token }, call),
    confirmPasswordReset: (choice, call) => post('/api/password/reset/confirm/', choice, call),
    changePassword: (change, call) => post('/api/password/change/', change, call),
    setPassword: (password, call) => post('/api/password/set/', { new_password: password }, call),
    reauthenticate: (password, call) => post('/api/reauthenticate/', { password }, call),
    changeEmail: (email, call) => post('/api/email/change/', { email }, call),
    checkEmailChangeToken: (token, call) => post('/api/email/change/check/', { token }, call),
    confirmEmailChange: (token, call) => post('/api/email/change/confirm/', { token }, call),
    checkUndoToken: (token, call) => post('/api/email/change/undo/check/', { token }, call),
    undoEmailChange: (token, call) => post('/api/email/change/undo/', { token }, call),

    startSocial: (provider, start, call) => post(`/api/social/${encodeURIComponent(provider)}/start/`, start, call),
    finishSocial: (provider, answer, call) => post(`/api/social/${encodeURIComponent(provider)}/`, answer, call),
    linkSocial: (proof, call) => post('/api/social/link/', proof, call),
    sendLinkCode: (call) => post('/api/social/link/code/', undefined, call),
    tellSocialEmail: (email, call) => post('/api/social/email/', { email }, call),
    identities: get('/api/social/'),
    unlinkIdentity: (id, call) => ask(`/api/social/identities/${encodeURIComponent(id)}/`, { ...call, method: 'DELETE' }),

    byOwnClock,
    onNotAuthenticated: (handler) => remedy('not_authenticated', handler),
    onReauthenticationRequired: (handler) => remedy('reauthentication_required', handler),
  }
}
