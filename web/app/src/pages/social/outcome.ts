import type { ProblemCode } from '@cloakroom/client'

/** The outcome of a social login that did not sign in. It is kept over a reload. */
export type SocialOutcome =
  | { failed: ProblemCode; requestId?: string; waits?: undefined }
  | { waits: 'link_required' | 'email_required' | 'input_required'; returnTo: string; email: string; failed?: undefined }

/** Returns whether the same request may succeed later. */
export const isWorthAnotherTry = (code: ProblemCode) => ['network', 'aborted', 'unavailable', 'rate_limited'].includes(code)

/** Returns whether a problem ends the pending social login, so that its page cannot go on. */
export const endsWait = (code: ProblemCode) =>
  ['state_missing', 'signup_closed', 'not_allowed', 'account_inactive', 'identity_taken', 'other_user_signed_in'].includes(code)
