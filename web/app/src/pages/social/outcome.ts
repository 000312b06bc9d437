import type { ProblemCode } from '@cloakroom/client'

/** What a social login has come to, short of a sign-in; as it is kept over a reload. */
export type SocialOutcome =
  | { failed: ProblemCode; requestId?: string; waits?: undefined }
  | { waits: 'link_required' | 'email_required' | 'input_required'; returnTo: string; email: string; failed?: undefined }

/** The request may not have got there, so it is worth sending again as it is. */
export const isWorthAnotherTry = (code: ProblemCode) => ['network', 'aborted', 'unavailable', 'rate_limited'].includes(code)

/** What has waited for somebody waits no more, or is not for them: nothing on that page will change it. */
export const endsWait = (code: ProblemCode) =>
  ['state_missing', 'signup_closed', 'not_allowed', 'account_inactive', 'identity_taken', 'other_user_signed_in'].includes(code)
