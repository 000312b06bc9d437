import { readFileSync } from 'node:fs'
import { fileURLToPath, URL } from 'node:url'
import VueI18nPlugin from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import { defaultClientConditions, defineConfig, type Plugin, type ProxyOptions } from 'vite'

const FIRST_SCRIPTS = ['theme-before-paint', 'start-failed']
const inApp = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Removes comment lines and indentation. The first scripts are not bundled, so nothing else minifies them. */
const withoutComments = (source: string) => source.replace(/^\s*\/\/.*\n/gm, '').replace(/^\s+/gm, '')

/** The address of `cloakroom dev`. */
const server = process.env.CLOAKROOM_URL ?? 'http://localhost:3000'

/**
 * Puts blocking scripts with hashed names at the top of the head. The theme must be known before the first paint, and a failed
 * start must be noticed. The Content-Security-Policy allows no inline script.
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

/** Forwards a path to the server, with the server's own origin, so that its check of `Origin` passes. */
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
  // The sources of the client and the plugin, not their packages.
  resolve: { conditions: ['cloakroom-source', ...defaultClientConditions] },
  // No component uses Vue's Options API.
  define: { __VUE_OPTIONS_API__: 'false' },
  server: {
    // The styles of crates/cloakroom are outside of web/.
    fs: { allow: [inApp('../..')] },
    proxy: { '^/api/': proxied(), '^/dev/': proxied(), '^/healthz$': proxied() },
  },
  build: {
    // The oldest browsers in docs/reference/browsers.md.
    target: ['chrome98', 'edge98', 'firefox98', 'safari15.4'],
    sourcemap: false,
    // In the crate that embeds them, because its package must hold them.
    outDir: inApp('../../crates/pages/dist'),
    emptyOutDir: true,
    // Not `assets`, which is the name in most builds: our pages may stand beside an app of one's own.
    assetsDir: '_cloakroom',
    // `default-src 'self'` allows no data: URLs.
    assetsInlineLimit: 0,
    // Browsers without modulepreload load the page all the same.
    modulePreload: { polyfill: false },
    // One file for all that the first page needs: it compresses better, and there are fewer requests.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'index', tags: ['$initial'] }] } } },
  },
})
