/** Cloakroom for Vue 3: one plugin, one composable, one guard, one store. */
import type { Client } from '@cloakroom/client'
import { inject, watch, type App, type InjectionKey } from 'vue'
import type { Router } from 'vue-router'
import { installGuard, type GuardPaths } from './guard.js'
import { startReauthentication, type Reauthentication } from './reauthentication.js'
import { startSession, type Session } from './session.js'
import { useAuthStore } from './store.js'

export type { GuardPaths } from './guard.js'
export { safeNext } from './next.js'
export type { Reauthentication } from './reauthentication.js'
export type { Session, SessionStatus, SignedOutBy } from './session.js'
export { readStored, writeStored } from './storage.js'
export { useAuthStore } from './store.js'

/** The options of the plugin. */
export interface CloakroomOptions {
  /** The result of `createClient()`. The plugin handles its `onNotAuthenticated` and `onReauthenticationRequired`. */
  client: Client
  /** The router that gets the guard for `meta.auth` and `meta.guest`. */
  router: Router
  /** The pages that the guard sends people to: `/login` and `/` by default. */
  paths?: Partial<GuardPaths>
}

/** The plugin: `app.use(createPinia()).use(createCloakroom({ client, router })).use(router)`. */
export interface Cloakroom {
  /** Starts the session; called by `app.use`. */
  install(app: App): void
}

interface Provided {
  client: Client
  session: Session
  reauthentication: Reauthentication
}

const KEY: InjectionKey<Provided> = Symbol('cloakroom')

/** Creates the plugin and adds the guard to the router. Install Pinia before it. */
export function createCloakroom({ client, router, paths }: CloakroomOptions): Cloakroom {
  let session: Session
  installGuard(router, () => session, { login: '/login', home: '/', ...paths })
  return {
    install(app) {
      const auth = useAuthStore(app.config.globalProperties.$pinia)
      session = startSession({
        client,
        onAuthenticated: auth.setAuthenticated,
        onPrivatePage: () => router.currentRoute.value.meta.auth === true,
        reload: () => location.reload(),
      })
      const reauthentication = startReauthentication(client, () => session.user.value)
      watch(session.status, (status) => {
        if (status === 'signed-out') reauthentication.cancel()
      })
      app.provide(KEY, { client, session, reauthentication })
      app.onUnmount(() => {
        session.stop()
        reauthentication.stop()
      })
    },
  }
}

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
  return provided().client
}

function provided(): Provided {
  const provided = inject(KEY)
  if (!provided) throw new Error('Cloakroom is not installed: app.use(createCloakroom({ client, router }))')
  return provided
}
