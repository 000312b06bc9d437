/** The forms by which people enter, without their looks. */
import type { Problem, Result } from '../problem.js'
import type { Kit } from '../session/kit.js'
import type { LoginReply, MailSent } from '../types.js'
import { digitsOf, isCode, isEmail, isGiven, isLongEnough } from './checks.js'
import { createForm, type Form } from './form.js'

/** The parts of a form for email and password. */
export interface SignInOptions {
  /** Returns the only account that may sign in here; then the form does not ask for an address. */
  account?(): string | undefined
  /** Called when somebody is signed in. */
  signedIn(reply: LoginReply): unknown
  /** Called when the server needs something more, such as a second step: `reply.next` says what. */
  needs(reply: LoginReply): unknown
}

/**
 * Creates the form for email and password. It does not check the password against today's rules, because older ones must still work.
 */
export function createSignInForm(kit: Kit, options: SignInOptions): Form<'email' | 'password'> {
  const { session, lastProvider } = kit
  const account = () => options.account?.()
  return createForm<'email' | 'password', LoginReply>({
    fields: {
      email: { check: (value) => (account() === undefined ? isEmail(value) : null) },
      password: { check: isGiven, secret: true },
    },
    about: { invalid_credentials: 'password' },
    send: ({ email, password }, signal) => session.login({ email: account() ?? email.trim(), password }, { signal }),
    done(reply) {
      if (reply.next !== 'done') return options.needs(reply)
      lastProvider.keep(null)
      return options.signedIn(reply)
    },
    // The server may have signed them in all the same.
    abandoned: () => session.refresh(),
  })
}

/** A signup whose email is on its way. */
export interface PendingSignup {
  email: string
  password: string
  /** The instant from which another email can be sent (RFC 3339). */
  resend_at: MailSent['resend_at']
}

/** The parts of a form that creates an account. */
export interface SignUpOptions {
  /** Called when the email is on its way. The reply is the same whether or not the address has an account. */
  sent(pending: PendingSignup): unknown
  /** Called when the server takes no new accounts. */
  closed(): unknown
}

/** Creates the form for a new account. */
export function createSignUpForm(kit: Kit, options: SignUpOptions): Form<'email' | 'password'> {
  let sent = { email: '', password: '' }
  const minLength = () => kit.config.getSnapshot()?.password.min_length ?? null
  return createForm<'email' | 'password', MailSent>({
    fields: {
      email: { check: isEmail },
      password: { check: (value) => isLongEnough(value, minLength()), texts: 'new_password' },
    },
    handled({ code }: Problem) {
      if (code === 'signup_closed') options.closed()
      return code === 'signup_closed'
    },
    send({ email, password }, signal) {
      sent = { email: email.trim(), password }
      return kit.client.signup(sent, { signal })
    },
    done: ({ resend_at }) => options.sent({ ...sent, resend_at }),
  })
}

/** The parts of a form for the code of a confirmation email. */
export interface CodeOptions {
  /** Returns the address that the code was sent to. */
  email(): string
  signedIn(reply: LoginReply): unknown
  needs(reply: LoginReply): unknown
}

/** Creates the form for the code of a confirmation email, which creates the account and signs in. */
export function createCodeForm({ session }: Kit, options: CodeOptions): Form<'code'> {
  return createForm<'code', LoginReply>({
    fields: { code: { check: isCode } },
    about: { invalid_code: 'code', token_invalid: 'code' },
    wording: { token_invalid: 'problems.invalid_code' },
    send: ({ code }, signal) => session.verifyEmail({ email: options.email(), code: digitsOf(code) }, { signal }),
    done: (reply) => (reply.next === 'done' ? options.signedIn(reply) : options.needs(reply)),
    abandoned: () => session.refresh(),
  })
}

/** Creates the form that proves an identity by password, for a request that waits for it. */
export function createProofForm({ reauthentication }: Kit): Form<'password'> {
  const form: Form<'password'> = createForm<'password', LoginReply>({
    fields: { password: { check: isGiven, secret: true } },
    about: { invalid_credentials: 'password' },
    wording: { invalid_credentials: 'problems.wrong_password' },
    // The session may have ended meanwhile; then the request waits for a sign-in.
    givesUp: false,
    send: ({ password }, signal): Promise<Result<LoginReply>> => reauthentication.withPassword(password, { signal }),
    done: () => form.reset(),
  })
  return form
}
