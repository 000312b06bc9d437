/**
 * Talk to Cloakroom from a browser. No framework, no state, no exceptions for what can be expected.
 *
 * Credentials live in HttpOnly cookies that this code cannot see. The one cookie it reads is the CSRF token, and it reads
 * that at each request: the token changes with every sign-in and sign-out, in any tab.
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

/** Every call that the pages make. */
export interface Client {
  /**
   * Any path of this origin, your own API's included: as `fetch`, with CSRF handled and problems as values. JSON comes parsed, text
   * as a string, anything else as a Blob.
   */
  fetch<Data = unknown>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Who this browser is to the server; never fails for being signed out. */
  session(options?: CallOptions): Promise<Result<Session>>
  /** The app's name, whether people may sign up, the password rules, the providers. */
  config(options?: CallOptions): Promise<Result<Config>>
  /** Has the server set the CSRF cookie, before the first sign-in; `cookies_blocked` when the browser drops it. */
  loginSetCookie(options?: CallOptions): Promise<Result<Detail>>
  /** Signs in with an email address and a password. */
  login(credentials: Credentials, options?: CallOptions): Promise<Result<LoginReply>>
  /** Ends this browser's session; works with a dead one, too. */
  logout(options?: CallOptions): Promise<Result<Detail>>
  /** Ends every session of the user. */
  logoutAll(options?: CallOptions): Promise<Result<Detail>>
  /** The signed-in user's profile; `not_authenticated` without a session. */
  profile(options?: CallOptions): Promise<Result<Profile>>

  /** Asks for an account; the mail tells whether there is one already, the reply does not. */
  signup(credentials: Credentials, options?: CallOptions): Promise<Result<MailSent>>
  /** Mails this browser's pending signup anew; the older link is void then. */
  resendSignup(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Looks at the link of a verification mail, and leaves it as good as it was. */
  checkEmailToken(token: string, options?: CallOptions): Promise<Result<LinkTarget>>
  /** Proves the address: the account is there, and signed in. */
  verifyEmail(proof: EmailProof, options?: CallOptions): Promise<Result<LoginReply>>
  /** Mails a link to choose a new password, if the address has an account. */
  requestPasswordReset(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Looks at the link of a reset mail, and leaves it as good as it was. */
  checkPasswordResetToken(token: string, options?: CallOptions): Promise<Result<ResetTarget>>
  /** Sets the new password and ends every session of its owner; signs nobody in. */
  confirmPasswordReset(choice: NewPassword, options?: CallOptions): Promise<Result<Detail>>
  /** Changes the password and ends every other session. */
  changePassword(change: PasswordChange, options?: CallOptions): Promise<Result<Detail>>
  /** Sets the first password of an account that has none; needs recent proof. */
  setPassword(password: string, options?: CallOptions): Promise<Result<Detail>>
  /** Proves by password that it is still the same person who sits there. */
  reauthenticate(password: string, options?: CallOptions): Promise<Result<LoginReply>>
  /** Mails a link to the new address; the old one stays until it has been followed. Needs recent proof. */
  changeEmail(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** Looks at the link that confirms a new address, and leaves it as good as it was. */
  checkEmailChangeToken(token: string, options?: CallOptions): Promise<Result<LinkTarget>>
  /** Makes the new address the account's; needs a session of that user. */
  confirmEmailChange(token: string, options?: CallOptions): Promise<Result<Detail>>
  /** Looks at the link that undoes a change of address, and leaves it as good as it was. */
  checkUndoToken(token: string, options?: CallOptions): Promise<Result<UndoTarget>>
  /** Gives the account back its old address, and ends every session. */
  undoEmailChange(token: string, options?: CallOptions): Promise<Result<Detail>>

  /** Begins a social login; the browser is then to go to the `url`. The intent `link` needs recent proof. */
  startSocial(provider: string, start: SocialStart, options?: CallOptions): Promise<Result<SocialStarted>>
  /** Hands over what the provider has sent back to the callback page. */
  finishSocial(provider: string, answer: ProviderAnswer, options?: CallOptions): Promise<Result<SocialReply>>
  /** After `link_required`: proves the account that is there, and links the one that waits. */
  linkSocial(proof: AccountProof, options?: CallOptions): Promise<Result<SocialReply>>
  /** After `link_required`: mails a code to the account that is there. */
  sendLinkCode(options?: CallOptions): Promise<Result<MailSent>>
  /** After `email_required`: mails a link and a code, which finish the signup as they do any other. */
  tellSocialEmail(email: string, options?: CallOptions): Promise<Result<MailSent>>
  /** The providers' accounts that open this one. */
  identities(options?: CallOptions): Promise<Result<Identities>>
  /** Takes one of them away; needs recent proof, and `last_sign_in_method` refuses the last way in. */
  unlinkIdentity(id: string, options?: CallOptions): Promise<Result<Detail>>

  /** Registers the one who is asked when a session turns out to have ended; null takes it back. */
  onNotAuthenticated(handler: Remedy | null): void
  /** Registers the one who is asked when a request needs fresh proof of identity; null takes it back. */
  onReauthenticationRequired(handler: Remedy | null): void
}

/** Makes a client. It holds no session: the browser's cookies do. */
export function createClient(options: ClientOptions = {}): Client {
  const { call: ask, send, remedy, hasToken } = createRequester(options)
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

    onNotAuthenticated: (handler) => remedy('not_authenticated', handler),
    onReauthenticationRequired: (handler) => remedy('reauthentication_required', handler),
  }
}
