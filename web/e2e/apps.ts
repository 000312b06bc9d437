/** Small apps in the shape of the builds of common tools: the files they write, and what they load and add at run time. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The files of a build, by path. */
export type Build = Record<string, string>

/** Writes a build into a temporary directory. */
export function writeBuild(build: Build): { directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'cloakroom-app-'))
  for (const [path, content] of Object.entries(build)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  return { directory, remove: () => rmSync(directory, { recursive: true }) }
}

/** An image of one pixel. */
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const STYLES = `
@font-face { font-family: Inline; src: url(data:font/woff2;base64,d09GMgABAAAAAA) format("woff2") }
body { background: rgb(1, 2, 3) url(${PIXEL}); font-family: Inline, sans-serif }`

/** Returns a script that shows the route, images of several kinds, a style of its own and a chunk that is loaded later. */
const script = (chunk: string) => `
const app = document.querySelector('#app')
app.innerHTML = '<h1></h1><img id="data" src="${PIXEL}"><img id="blob">'
app.querySelector('h1').textContent = location.pathname
app.style.setProperty('color', 'rgb(4, 5, 6)')
const pixel = Uint8Array.from(atob('${PIXEL.split(',')[1]}'), (letter) => letter.charCodeAt(0))
app.querySelector('#blob').src = URL.createObjectURL(new Blob([pixel], { type: 'image/gif' }))
document.fonts.load('1em Inline').catch(() => {})
await import('${chunk}')
await fetch('/api/session/').then((reply) => reply.json())
app.dataset.ready = 'yes'`

const CHUNK = 'document.querySelector("#app").dataset.chunk = "loaded"'

const vite = (head = '', body = ''): Build => ({
  'index.html': `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title>${head}
    <script type="module" crossorigin src="/assets/index-B1.js"></script>
    <link rel="modulepreload" crossorigin href="/assets/page-C2.js">
    <link rel="stylesheet" crossorigin href="/assets/index-D3.css"></head><body>${body}<div id="app"></div></body></html>`,
  'assets/index-B1.js': script('/assets/page-C2.js'),
  'assets/page-C2.js': CHUNK,
  'assets/index-D3.css': STYLES,
})

/** Returns a build with its files beside index.html, found by `<base>`, and with inline styles and an `onload`. */
const angular = (atRunTime = ''): Build => ({
  'index.html': `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title><base href="/">
    <style>body{background:rgb(1, 2, 3)}</style>
    <link rel="stylesheet" href="styles-A1.css" media="print" onload="this.media='all'">
    <noscript><link rel="stylesheet" href="styles-A1.css"></noscript></head>
    <body><app-root id="app"></app-root><link rel="modulepreload" href="chunk-B2.js">
    <script src="polyfills-C3.js" type="module"></script><script src="main-D4.js" type="module"></script></body></html>`,
  'styles-A1.css': STYLES,
  'polyfills-C3.js': '',
  'main-D4.js': `${script('./chunk-B2.js')}\n${atRunTime}`,
  'chunk-B2.js': CHUNK,
})

/** Returns a build of rendered pages with inline state: one for each route, and one for all others. */
const nuxt = (): Build => {
  const page = (id: string) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>App</title>
    <style>body{background:rgb(1, 2, 3)}</style><link rel="stylesheet" href="/_nuxt/entry.A1.css">
    <script type="importmap">{"imports":{"#entry":"/_nuxt/entry-B2.js"}}</script>
    <script type="module" src="/_nuxt/entry-B2.js" crossorigin></script></head>
    <body><div id="__nuxt"><div id="app" data-page="${id}"></div></div>
    <script type="application/json" data-nuxt-data="nuxt-app" id="__NUXT_DATA__">[{"page":"${id}"}]</script>
    <script>window.__NUXT__={};window.__NUXT__.config={public:{},app:{baseURL:"/",buildId:"${id}"}}</script></body></html>`
  return {
    'index.html': page('index'),
    'about/index.html': page('about'),
    '200.html': page('any'),
    '_nuxt/entry.A1.css': STYLES,
    '_nuxt/entry-B2.js': `if (!window.__NUXT__.config.app.buildId) throw new Error('no state')\n${script('/_nuxt/page-C3.js')}`,
    '_nuxt/page-C3.js': CHUNK,
  }
}

/** The builds that work without configuration. */
export const BUILDS: Record<string, Build> = {
  'Vite and Vue': vite(),
  'Vite and React': vite(`<link rel="icon" type="image/svg+xml" href="${PIXEL}">`),
  Angular: angular(),
  'Nuxt, generated': nuxt(),
  Quasar: vite('<base href="/"><meta name="format-detection" content="telephone=no">', '<noscript>JavaScript, please.</noscript>'),
}

/** A build whose script adds a style element, as Angular's component styles and Vuetify's theme do. */
export const STYLES_AT_RUN_TIME = angular(`
const style = document.createElement('style')
style.textContent = 'h1 { color: rgb(7, 8, 9) }'
document.head.append(style)`)
