/** Cloakroom for React 19: a provider, hooks, a guard, and the components to sign in. */
export { CloakroomProvider, createCloakroom, type Cloakroom, type CloakroomOptions, type CloakroomProviderProps } from './cloakroom.js'
export {
  RequireRecent,
  SignIn,
  SignUp,
  UserMenu,
  type RequireRecentProps,
  type SignInProps,
  type SignUpProps,
  type UserMenuProps,
} from './components.js'
export { Guard, type GuardProps } from './guard.js'
export { useClient, useKit, useReauthentication, useSession, useSessionEnd, type Reauthentication, type Session } from './hooks.js'
export { useObservable } from './observable.js'
export {
  french,
  german,
  readStored,
  safeNext,
  spanish,
  writeStored,
  type Messages,
  type OwnMessages,
  type SessionStatus,
  type SignedOutBy,
  type Texts,
} from '@cloakroom/client/kit'
