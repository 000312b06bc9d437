import { readFileSync } from 'node:fs'
import { fileURLToPath, URL } from 'node:url'
import VueI18nPlugin from '@intlify/unplugin-vue-i18n/vite'
import { quasar } from '@quasar/vite-plugin'
import vue from '@vitejs/plugin-vue'
import { defaultClientConditions, defineConfig, type Plugin, type ProxyOptions } from 'vite'

const THEME_SCRIPT = 'src/theme-before-paint.js'
const inApp = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Where `cloakroom dev` listens. */
const server = process.env.CLOAKROOM_URL ?? 'http://localhost:3000'

/**
 * Puts a blocking script with a hashed name at the top of the head: the theme must be known before the first paint, and
 * the Content-Security-Policy allows no inline script.
 */
function themeBeforePaint(): Plugin {
  return {
    name: 'theme-before-paint',
    buildStart() {
      if (this.environment.mode !== 'build') return
      this.emitFile({ type: 'asset', name: 'theme.js', source: readFileSync(inApp(THEME_SCRIPT), 'utf8') })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const emitted = Object.values(bundle ?? {}).find((file) => file.type === 'asset' && file.names.includes('theme.js'))
        return [{ tag: 'script', attrs: { src: `/${emitted?.fileName ?? THEME_SCRIPT}` }, injectTo: 'head-prepend' }]
      },
    },
  }
}

/**
 * vue-i18n looks at run time whether Vue exports `currentInstance`, which it does not, and thereby keeps all of Vue in the
 * bundle: transitions, custom elements, hydration, a fifth of the sign-in page.
 */
function onlyWhatIsUsedOfVue(): Plugin {
  return {
    name: 'only-what-is-used-of-vue',
    apply: 'build',
    transform: {
      filter: { id: /vue-i18n\.runtime\.mjs$/ },
      handler(code) {
        const narrowed = code.replace('if (key in Vue)', 'if (false)').replace('return Vue[key]', '')
        if (/\bVue\[| in Vue\b/.test(narrowed)) this.error('vue-i18n has changed the way it takes Vue in; see vite.config.ts')
        return { code: narrowed, map: null }
      },
    },
  }
}

/** Sends a path to the server as if the page came from there, so that its check of `Origin` passes. */
function proxied(): ProxyOptions {
  return {
    target: server,
    changeOrigin: true,
    configure: (proxy) => {
      proxy.on('proxyReq', (request) => {
        if (request.hasHeader('origin')) request.setHeader('origin', new URL(server).origin)
        if (request.hasHeader('referer')) request.setHeader('referer', `${new URL(server).origin}/`)
      })
    },
  }
}

export default defineConfig({
  plugins: [
    vue(),
    quasar({ autoImportComponentCase: 'pascal' }),
    VueI18nPlugin({ include: inApp('src/messages/*.json'), runtimeOnly: true, dropMessageCompiler: true, fullInstall: false }),
    themeBeforePaint(),
    onlyWhatIsUsedOfVue(),
  ],
  // The client and the plugin as they are written, not as they are packed.
  resolve: { conditions: ['cloakroom-source', ...defaultClientConditions] },
  // Neither our components nor Quasar's use Vue's Options API.
  define: { __VUE_OPTIONS_API__: 'false' },
  server: {
    proxy: { '^/api/': proxied(), '^/dev/': proxied(), '^/healthz$': proxied() },
  },
  build: {
    sourcemap: false,
    // `default-src 'self'` allows no data: URLs.
    assetsInlineLimit: 0,
    // A browser that knows no modulepreload loads the page all the same.
    modulePreload: { polyfill: false },
  },
})
