import { createClient } from '@cloakroom/client'
import { createCloakroom } from '@cloakroom/vue'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { focusHeadings } from './composables/page'
import { applyLanguage, i18n, preferredLanguage } from './i18n'
import { HOME } from './paths'
import { router } from './router'
import { loadAppConfig } from './state/app-config'
import { followBreakdowns } from './state/breakdown'
import './styles/base.css'

const client = createClient({ language: () => i18n.global.locale.value })
const named = loadAppConfig(client)
router.beforeEach(() => named)
focusHeadings(router)
followBreakdowns(router)

const app = createApp(App)
  .use(createPinia())
  .use(createCloakroom({ client, router, paths: { home: HOME } }))
  .use(router)
  .use(i18n)

// The first page needs all of this, so it is fetched in parallel.
applyLanguage(preferredLanguage()).then(
  () => app.mount('#app'),
  (error: unknown) => {
    console.error(error)
    // start-failed.js listens for it.
    window.dispatchEvent(new Event('start-failed'))
  },
)
