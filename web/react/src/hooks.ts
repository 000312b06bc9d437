import type { Client } from '@cloakroom/client'
import type { Kit, ReauthenticationCalls, SessionCalls, SessionState } from '@cloakroom/client/kit'
import { useMemo } from 'react'
import { useProvided } from './cloakroom.js'
import { useObservable } from './observable.js'

/** The session as components see it: what is known of it, and how to change it. */
export type Session = SessionState & SessionCalls

/** Returns the session: who is signed in, and how to change that. */
export function useSession(): Session {
  const { session } = useKit()
  const state = useObservable(session)
  return useMemo(() => {
    const { ready, login, verifyEmail, finishSocial, linkSocial, logout, logoutEverywhere, refresh, retry } = session
    return { ...state, ready, login, verifyEmail, finishSocial, linkSocial, logout, logoutEverywhere, refresh, retry }
  }, [session, state])
}

/**
 * Requests that need fresh proof of identity. One that is refused waits here. After the proof it is sent again unchanged; the
 * person may also cancel it.
 */
export interface Reauthentication extends ReauthenticationCalls {
  /** True while a request waits for proof: show a dialog over the page. */
  readonly asked: boolean
}

/** Returns the requests that wait for fresh proof of identity, and how to give it. */
export function useReauthentication(): Reauthentication {
  const { reauthentication } = useKit()
  const asked = useObservable(reauthentication)
  const { withPassword, cancel } = reauthentication
  return useMemo(() => ({ asked, withPassword, cancel }), [asked, withPassword, cancel])
}

/**
 * Returns the instant at which the session ends without activity, in milliseconds by the browser's clock; null without a session. It
 * is that of the newest answer to any tab.
 */
export function useSessionEnd(): number | null {
  return useObservable(useKit().sessionEnd)
}

/** Returns the client that Cloakroom was created with. */
export function useClient(): Client {
  return useKit().client
}

/** Returns all that hooks and components are built on. */
export function useKit(): Kit {
  return useProvided().cloakroom.kit
}
