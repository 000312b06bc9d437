import type { Problem, User } from '@cloakroom/client'
import type { SessionCalls, SessionState, SessionStatus, SessionStore, SignedOutBy } from '@cloakroom/client/kit'
import { computed, type Ref, type ShallowRef } from 'vue'
import { useObservable } from './observable.js'

/** The session as components see it. */
export interface Session extends SessionCalls {
  /** The state of the session. */
  readonly status: Readonly<Ref<SessionStatus>>
  /** The user who is signed in. It stays while `expired`, so that the dialog can name them. */
  readonly user: Readonly<ShallowRef<User | null>>
  /** The reason why there is no answer, while `offline`. */
  readonly problem: Readonly<ShallowRef<Problem | null>>
  /** True while the browser reports a network. */
  readonly online: Readonly<Ref<boolean>>
  /** True while a sign-out has not reached the server. */
  readonly signOutPending: Readonly<Ref<boolean>>
  /** True while a page restored from the back-forward cache has not checked the session: show nothing private. */
  readonly concealed: Readonly<Ref<boolean>>
  /** The instant at which the session ends without activity (RFC 3339). Each answer of the server moves it. */
  readonly expiresAt: Readonly<Ref<string | null>>
  /** The place where the last session was ended, as far as this tab knows. */
  readonly signedOutBy: Readonly<Ref<SignedOutBy | null>>
}

/** Gives a session the shape that components expect: one ref for each value. */
export function toRefs(store: SessionStore): Session {
  const state = useObservable(store)
  const one = <Key extends keyof SessionState>(key: Key) => computed(() => state.value[key])
  const { ready, login, verifyEmail, finishSocial, linkSocial, logout, logoutEverywhere, refresh, retry } = store
  return {
    status: one('status'),
    user: one('user'),
    problem: one('problem'),
    online: one('online'),
    signOutPending: one('signOutPending'),
    concealed: one('concealed'),
    expiresAt: one('expiresAt'),
    signedOutBy: one('signedOutBy'),
    ...{ ready, login, verifyEmail, finishSocial, linkSocial, logout, logoutEverywhere, refresh, retry },
  }
}
