import type { Client } from '@cloakroom/client'
import type { Kit, ReauthenticationCalls, Texts } from '@cloakroom/client/kit'
import { inject, type InjectionKey, type Ref } from 'vue'
import { useObservable } from './observable.js'
import type { Session } from './session.js'

/**
 * Requests that need fresh proof of identity. One that is refused waits here. After the proof it is sent again unchanged; the
 * person may also cancel it.
 */
export interface Reauthentication extends ReauthenticationCalls {
  /** True while a request waits for proof: show a dialog over the page. */
  readonly asked: Readonly<Ref<boolean>>
}

/** The injection of the plugin for components. */
interface Provided {
  kit: Kit
  session: Session
  reauthentication: Reauthentication
  texts: Texts
}

/** The key by which components find the plugin. */
export const KEY: InjectionKey<Provided> = Symbol('cloakroom')

/** Returns the session: who is signed in, and how to change that. */
export function useSession(): Session {
  return provided().session
}

/** Returns the requests that wait for fresh proof of identity, and how to give it. */
export function useReauthentication(): Reauthentication {
  return provided().reauthentication
}

/** Returns the client that the plugin was created with. */
export function useClient(): Client {
  return provided().kit.client
}

/**
 * Returns the instant at which the session ends without activity, in milliseconds by the browser's clock; null without a session. It
 * is that of the newest answer to any tab.
 */
export function useSessionEnd(): Readonly<Ref<number | null>> {
  return useObservable(provided().kit.sessionEnd)
}

/** Returns all that the plugin is built on. */
export function useKit(): Kit {
  return provided().kit
}

/** Returns the texts of the components. */
export function useTexts(): Texts {
  return provided().texts
}

function provided(): Provided {
  const provided = inject(KEY)
  if (!provided) throw new Error('Cloakroom is not installed: app.use(createCloakroom({ client, router }))')
  return provided
}
