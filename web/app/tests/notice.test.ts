import { flushPromises } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { createRouter, type RouteLocationRaw } from 'vue-router'
import { createPageHistory } from '../src/composables/history-state'
import { followNotices, notice } from '../src/state/notice'

/** Opens a router whose guard leads away from the private page. */
async function open(path: string, state: Record<string, unknown> | null = null) {
  history.replaceState(state, '', path)
  const session = { signedIn: true }
  const page = { render: () => null }
  const router = createRouter({
    history: createPageHistory(),
    routes: ['/login', '/account', '/other'].map((path) => ({ path, component: page })),
  })
  router.beforeEach((to) => (to.path === '/account' && !session.signedIn ? '/login' : undefined))
  followNotices(router)
  const go = async (to: RouteLocationRaw) => {
    await router.replace(to)
    await flushPromises()
  }
  return { router, session, go }
}

it('finding U1: a notice is there for the page that it is meant for, and for no other', async () => {
  const { go } = await open('/other')
  await go({ path: '/account', state: { notice: 'linked' } })
  expect(notice.value).toBe('linked')
  await go('/account?tab=2')
  expect(notice.value).toBe('linked')
  await go('/login')
  expect(notice.value).toBeNull()
  await go('/account')
  expect(notice.value).toBeNull()
})

it('finding U1: a reload finds no notice in the history', async () => {
  const { go } = await open('/other')
  await go({ path: '/account', state: { notice: 'linked' } })
  expect((history.state as { notice?: unknown }).notice ?? null).toBeNull()
})

it('finding U1: a notice for a page that the guard leads away from is dropped', async () => {
  const { session, go } = await open('/other')
  session.signedIn = false
  await go({ path: '/account', state: { notice: 'linked', email: 'ann@example.test' } })
  expect(location.pathname).toBe('/login')
  expect(notice.value).toBeNull()
  expect((history.state as { email?: unknown }).email ?? null).toBeNull()
})

it('finding U1: what a page keeps is not there for the page that replaces it', async () => {
  const { go } = await open('/other')
  await go({ path: '/account', state: { sent_to: 'ann@example.test' } })
  await go('/account#part')
  expect(history.state).toMatchObject({ sent_to: 'ann@example.test' })
  await go('/other')
  expect((history.state as { sent_to?: unknown }).sent_to ?? null).toBeNull()
})
