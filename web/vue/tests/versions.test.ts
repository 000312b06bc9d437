/**
 * Tests the plugin with each major version of pinia and vue-router. Its modules are loaded again for each pair.
 */
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { defineComponent, h, type Component } from 'vue'
import { person, Server } from '../../client/tests/server'

const ada = person('ada@example.test')

afterEach(() => {
  vi.doUnmock('pinia')
  vi.doUnmock('vue-router')
  vi.resetModules()
  localStorage.clear()
})

describe.each([
  ['pinia', 'vue-router'],
  ['pinia-3', 'vue-router'],
  ['pinia', 'vue-router-4'],
  ['pinia-3', 'vue-router-4'],
])('finding V7: with %s and %s', (piniaName, routerName) => {
  async function load() {
    // The names are literals, so that the bundler finds them.
    const pinias = { pinia: () => vi.importActual('pinia'), 'pinia-3': () => vi.importActual('pinia-3') }
    const routers = { 'vue-router': () => vi.importActual('vue-router'), 'vue-router-4': () => vi.importActual('vue-router-4') }
    const pinia = (await pinias[piniaName as 'pinia']()) as typeof import('pinia')
    const router = (await routers[routerName as 'vue-router']()) as typeof import('vue-router')
    vi.doMock('pinia', () => pinia)
    vi.doMock('vue-router', () => router)
    return { pinia, router, plugin: await import('../src/index') }
  }

  async function open(path: string, server: Server) {
    const { pinia, router: routing, plugin } = await load()
    const page = (name: string): Component => {
      return defineComponent({
        setup() {
          const { user } = plugin.useSession()
          return () => h('main', `${name}: ${user.value?.email ?? 'nobody'}`)
        },
      })
    }
    const history = routing.createMemoryHistory()
    history.replace(path)
    const router = routing.createRouter({
      history,
      routes: [
        { path: '/', component: page('home') },
        { path: '/login', component: page('login'), meta: { guest: true } },
        { path: '/account', component: page('account'), meta: { auth: true } },
      ],
    })
    const store = pinia.createPinia()
    const cloakroom = plugin.createCloakroom({ client: server.client(), router, paths: { home: '/account' } })
    const app = mount(routing.RouterView, { global: { plugins: [store, cloakroom, router] } })
    await router.isReady()
    return { app, router, store, pinia, plugin }
  }

  test('the guard, the sign-in and the store work', async () => {
    const server = new Server()
    const { app, router, store, plugin } = await open('/account?tab=1', server)
    expect(router.currentRoute.value).toMatchObject({ path: '/login', query: { next: '/account?tab=1' } })
    expect(plugin.useAuthStore(store).isAuthenticated).toBe(false)
    expect(app.text()).toBe('login: nobody')
    server.user = ada
    app.unmount()
    vi.resetModules()
    const second = await open('/account', server)
    expect(second.app.text()).toBe('account: ada@example.test')
    expect(second.plugin.useAuthStore(second.store).isAuthenticated).toBe(true)
    second.app.unmount()
  })

  test("an app's own store called `auth` is another store", async () => {
    const server = new Server()
    server.user = ada
    const { app, store, pinia, plugin } = await open('/account', server)
    const own = pinia.defineStore('auth', { state: () => ({ plan: 'free' }) })(store)
    expect(own.plan).toBe('free')
    expect(plugin.useAuthStore(store).authenticated).toBe(true)
    expect(Object.keys(store.state.value).sort()).toEqual(['auth', 'cloakroom'])
    app.unmount()
  })
})
