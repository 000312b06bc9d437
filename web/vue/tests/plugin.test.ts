import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { createCloakroom, useAuthStore, useClient, useSession } from '../src/index'
import { person, Server } from '../../client/tests/server'

const ada = person('ada@example.test')

let server: Server
let unmount: () => void

/** Opens a small app at a path: a public page, a sign-in page for guests, and a guarded page. */
async function openApp(path: string) {
  const pages: string[] = []
  const page = (name: string) =>
    defineComponent({
      setup() {
        pages.push(name)
        const session = useSession()
        return () => h('main', `${name}: ${session.user.value?.email ?? 'nobody'}`)
      },
    })
  const history = createMemoryHistory()
  history.replace(path)
  const router = createRouter({
    history,
    routes: [
      { path: '/', component: page('home') },
      { path: '/login', component: page('login'), meta: { guest: true } },
      { path: '/account', component: page('account'), meta: { auth: true } },
    ],
  })
  const pinia = createPinia()
  const plugin = createCloakroom({ client: server.client(), router, paths: { home: '/account' } })
  const app = mount(RouterView, { global: { plugins: [pinia, plugin, router] } })
  unmount = () => app.unmount()
  await router.isReady()
  return { app, router, pages, auth: useAuthStore(pinia) }
}

beforeEach(() => {
  server = new Server()
})

afterEach(() => {
  unmount()
  localStorage.clear()
})

describe('the guard', () => {
  it('shows a guarded page to who is signed in, at once and without a detour', async () => {
    server.user = ada
    const { router, pages, app } = await openApp('/account')
    expect(router.currentRoute.value.fullPath).toBe('/account')
    expect(pages).toEqual(['account'])
    expect(app.text()).toBe('account: ada@example.test')
  })

  it('sends others to the sign-in page and keeps where they wanted to go', async () => {
    const { router, pages } = await openApp('/account?tab=one')
    expect(router.currentRoute.value).toMatchObject({ path: '/login', query: { next: '/account?tab=one' } })
    expect(pages).toEqual(['login'])
  })

  it('is not fooled by a flag that is out of date', async () => {
    localStorage.setItem('cloakroom.authenticated', 'true')
    const { pages, auth } = await openApp('/account')
    expect(pages).toEqual(['login'])
    expect(auth.isAuthenticated).toBe(false)
    expect(localStorage.length).toBe(0)
  })

  it('sends who is signed in on from the sign-in page', async () => {
    server.user = ada
    const { router, pages } = await openApp('/login?next=/')
    expect(router.currentRoute.value.fullPath).toBe('/')
    expect(pages).toEqual(['home'])
  })

  it('O32: forgets a `next` that leads elsewhere', async () => {
    server.user = ada
    const { router } = await openApp('/login?next=//evil.test')
    expect(router.currentRoute.value.fullPath).toBe('/account')
  })

  it('moves on after a sign-in in another tab, and back after a sign-out', async () => {
    const { router } = await openApp('/login?next=/account')
    const otherTab = new BroadcastChannel('cloakroom')
    server.user = ada
    otherTab.postMessage('signed-in')
    await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe('/account'))
    server.user = null
    otherTab.postMessage('signed-out')
    await vi.waitFor(() => expect(router.currentRoute.value.fullPath).toBe('/login?next=/account'))
    otherTab.close()
  })
})

describe('the store', () => {
  it('is mirrored in localStorage as a flag and nothing else', async () => {
    server.user = ada
    const { auth } = await openApp('/')
    expect(auth.authenticated).toBe(true)
    expect({ ...localStorage }).toEqual({ 'cloakroom.authenticated': 'true' })
  })
})

it('says what is missing when the plugin is not installed', () => {
  unmount = () => undefined
  const component = defineComponent({ setup: () => (useClient(), () => null) })
  expect(() => mount(component, { global: { config: { warnHandler: () => undefined } } })).toThrow('app.use(createCloakroom(')
})
