/** Cloakroom for Vue 3: one plugin, composables, one guard, one store. */
export { useClient, useReauthentication, useSession, useSessionEnd } from './composables.js'
export { useObservable } from './observable.js'
export { createCloakroom, type Cloakroom, type CloakroomOptions } from './plugin.js'
export type { Reauthentication } from './composables.js'
export type { Session } from './session.js'
export { useAuthStore } from './store.js'
export { readStored, safeNext, writeStored, type GuardPaths, type SessionStatus, type SignedOutBy } from '@cloakroom/client/kit'
