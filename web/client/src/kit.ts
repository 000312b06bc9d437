/**
 * The common part of the kits for Vue and React: the session across tabs, its end, proof of identity, forms. It needs no framework
 * and keeps no state of its own, so a bundler leaves out what is not used.
 */
export { createMenu, type Menu, type MenuState } from './menu.js'
export { createPartialStore, createStore, type Observable, type PartialStore, type Store } from './observable.js'
export { digitsOf, isCode, isEmail, isGiven, isLongEnough, type Check } from './form/checks.js'
export { clockText, createCountdown, spokenText, type Countdown, type TimeLeft } from './form/countdown.js'
export { likelyAddress } from './form/email-typo.js'
export { isUnexpected, problemText, tellErrors, type FieldPlace, type FormErrors, type SummaryItem } from './form/errors.js'
export { createForm, type Form, type FormField, type FormInput, type FormOptions, type FormState } from './form/form.js'
export {
  createCodeForm,
  createProofForm,
  createSignInForm,
  createSignUpForm,
  type CodeOptions,
  type PendingSignup,
  type SignInOptions,
  type SignUpOptions,
} from './form/forms.js'
export { createPasswordField, type PasswordField, type PasswordFieldState } from './form/password-field.js'
export { createResend, type Resend, type ResendState } from './form/resend.js'
export { createSubmission, type Submission, type SubmissionPhase } from './form/submission.js'
export { createConfigStore, type ConfigStore } from './session/config.js'
export { createSessionEnd, type SessionEnd } from './session/end.js'
export { findDetour, leftOnPurpose, type Detour, type GuardedPage, type GuardPaths } from './session/guard.js'
export { createKit, type Kit, type KitOptions, type KitPaths } from './session/kit.js'
export { createLastProvider, type LastProvider } from './session/last-provider.js'
export { safeNext } from './session/next.js'
export { createProviderTrip, phaseTo, type ProviderTrip, type TripState } from './session/provider-trip.js'
export { createReauthentication, type ReauthenticationCalls, type ReauthenticationStore } from './session/reauthentication.js'
export {
  createSession,
  type SessionCalls,
  type SessionOptions,
  type SessionState,
  type SessionStatus,
  type SessionStore,
  type SignedOutBy,
} from './session/session.js'
export { AUTHENTICATED, readStored, writeStored } from './session/storage.js'
export { english, type MessageKey, type Messages } from './text/english.js'
export { french } from './text/french.js'
export { german } from './text/german.js'
export { spanish } from './text/spanish.js'
export { createTexts, type OwnMessages, type Texts, type TextValues } from './text/texts.js'
export { createRequireRecent, type RequireRecentProps } from './component/require-recent.js'
export { createSignIn, type SignInEvents, type SignInModel, type SignInProps } from './component/sign-in.js'
export { createSignUp, type SignUpEvents, type SignUpProps } from './component/sign-up.js'
export { createUserMenu } from './component/user-menu.js'
export type { Drawn, Model, View, ViewElement, ViewSlot } from './component/view.js'
