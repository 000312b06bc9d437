import { createClient } from '@cloakroom/client'
import { createCloakroom } from '@cloakroom/vue'
import { createPinia } from 'pinia'
import { Quasar } from 'quasar'
import { createApp } from 'vue'
import App from './App.vue'
import { loadAppConfig } from './app-config'
import { HOME } from './home'
import { applyLanguage, i18n, preferredLanguage } from './i18n'
import { focusHeadings } from './page'
import { router } from './router'
import { fetchAndCompareClocks } from './server-clock'
import { followBreakdowns } from './start'
import './styles/theme.css'
import './styles/quasar.sass'
import './styles/base.css'

const client = createClient({ language: () => i18n.global.locale.value, fetch: fetchAndCompareClocks })
const named = loadAppConfig(client)
router.beforeEach(() => named)
focusHeadings(router)
followBreakdowns(router)

const app = createApp(App)
  .use(createPinia())
  .use(createCloakroom({ client, router, paths: { home: HOME } }))
  .use(router)
  .use(i18n)
  // The language of the page is ours to tell.
  .use(Quasar, { config: { lang: { noHtmlAttrs: true } } })

// All that the first page needs is fetched side by side.
applyLanguage(preferredLanguage()).then(
  () => app.mount('#app'),
  (error: unknown) => {
    console.error(error)
    // Heard by start-failed.js.
    window.dispatchEvent(new Event('start-failed'))
  },
)
