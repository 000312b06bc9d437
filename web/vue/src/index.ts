/** Cloakroom for Vue 3: one plugin, composables, one guard, one store, and the components to sign in. */
export { RequireRecent, SignIn, SignUp, UserMenu } from './components.js'
export { useClient, useKit, useReauthentication, useSession, useSessionEnd } from './composables.js'
export { useObservable } from './observable.js'
export { createCloakroom, type Cloakroom, type CloakroomOptions } from './plugin.js'
export type { Reauthentication } from './composables.js'
export type { Session } from './session.js'
export { useAuthStore } from './store.js'
export {
  french,
  german,
  readStored,
  safeNext,
  spanish,
  writeStored,
  type GuardPaths,
  type Messages,
  type OwnMessages,
  type SessionStatus,
  type SignedOutBy,
  type Texts,
} from '@cloakroom/client/kit'
