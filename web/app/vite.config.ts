import { readFileSync } from 'node:fs'
import { fileURLToPath, URL } from 'node:url'
import VueI18nPlugin from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import { defaultClientConditions, defineConfig, type Plugin, type ProxyOptions } from 'vite'

const FIRST_SCRIPTS = ['theme-before-paint', 'start-failed']
const inApp = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Removes lines that are comments, and indents: the first scripts are not bundled. */
const withoutComments = (source: string) => source.replace(/^\s*\/\/.*\n/gm, '').replace(/^\s+/gm, '')

/** Where `cloakroom dev` listens. */
const server = process.env.CLOAKROOM_URL ?? 'http://localhost:3000'

/**
 * Puts blocking scripts with hashed names at the top of the head: the theme must be known before the first paint, a failure of
 * the app must be heard, and the Content-Security-Policy allows no inline script.
 */
function firstScripts(): Plugin {
  return {
    name: 'first-scripts',
    buildStart() {
      if (this.environment.mode !== 'build') return
      for (const name of FIRST_SCRIPTS) {
        this.emitFile({ type: 'asset', name: `${name}.js`, source: withoutComments(readFileSync(inApp(`src/${name}.js`), 'utf8')) })
      }
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        return FIRST_SCRIPTS.map((name) => {
          const emitted = Object.values(bundle ?? {}).find((file) => file.type === 'asset' && file.names.includes(`${name}.js`))
          return { tag: 'script', attrs: { src: `/${emitted?.fileName ?? `src/${name}.js`}` }, injectTo: 'head-prepend' }
        })
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
    VueI18nPlugin({ include: inApp('src/messages/*.json'), runtimeOnly: true, dropMessageCompiler: true, fullInstall: false }),
    firstScripts(),
  ],
  // The client and the plugin as they are written, not as they are packed.
  resolve: { conditions: ['cloakroom-source', ...defaultClientConditions] },
  // No component uses Vue's Options API.
  define: { __VUE_OPTIONS_API__: 'false' },
  server: {
    proxy: { '^/api/': proxied(), '^/dev/': proxied(), '^/healthz$': proxied() },
  },
  build: {
    // The floor that docs/reference/browsers.md names.
    target: ['chrome98', 'edge98', 'firefox98', 'safari15.4'],
    sourcemap: false,
    // `default-src 'self'` allows no data: URLs.
    assetsInlineLimit: 0,
    // A browser that knows no modulepreload loads the page all the same.
    modulePreload: { polyfill: false },
    // All that the first page needs in one file: it compresses better, and there are fewer to fetch.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'index', tags: ['$initial'] }] } } },
  },
})
