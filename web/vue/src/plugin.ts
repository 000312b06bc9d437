import type { Client } from '@cloakroom/client'
import { createKit, type Kit, type KitPaths, type OwnMessages, type Texts } from '@cloakroom/client/kit'
import type { App, MaybeRefOrGetter } from 'vue'
import type { Router } from 'vue-router'
import { KEY, type Reauthentication } from './composables.js'
import { installGuard } from './guard.js'
import { useObservable } from './observable.js'
import { toRefs } from './session.js'
import { useAuthStore } from './store.js'
import { followTexts } from './texts.js'

/** The options of the plugin. */
export interface CloakroomOptions {
  /** The result of `createClient()`. The plugin handles its `onNotAuthenticated` and `onReauthenticationRequired`. */
  client: Client
  /** The router that gets the guard for `meta.auth` and `meta.guest`. */
  router: Router
  /** The pages that the guard and the components lead to: `/login`, `/`, `/signup`, `/forgot-password`, `/account` by default. */
  paths?: Partial<KitPaths>
  /** The texts of the components, where they are not the English ones: `german`, or some of your own. A ref may change them. */
  messages?: MaybeRefOrGetter<OwnMessages>
  /** The texts of the components from a library for translations, in place of `messages`. */
  texts?: Texts
}

/** The plugin: `app.use(createPinia()).use(createCloakroom({ client, router })).use(router)`. */
export interface Cloakroom {
  /** All that the plugin is built on, for code outside of components. */
  readonly kit: Kit
  /** Starts the session; called by `app.use`. */
  install(app: App): void
}

/** Creates the plugin and adds the guard to the router. Install Pinia before it. */
export function createCloakroom({ client, router, paths, messages, texts }: CloakroomOptions): Cloakroom {
  let setAuthenticated: (authenticated: boolean) => void = () => {}
  const kit = createKit({
    client,
    paths,
    onAuthenticated: (authenticated) => setAuthenticated(authenticated),
    onPrivatePage: () => router.currentRoute.value.meta.auth === true,
  })
  installGuard(router, kit, kit.paths)
  return {
    kit,
    install(app) {
      setAuthenticated = useAuthStore(app.config.globalProperties.$pinia).setAuthenticated
      const { withPassword, cancel } = kit.reauthentication
      const reauthentication: Reauthentication = { asked: useObservable(kit.reauthentication), withPassword, cancel }
      app.provide(KEY, { kit, session: toRefs(kit.session), reauthentication, texts: texts ?? followTexts(kit, messages) })
      app.onUnmount(kit.start())
    },
  }
}
