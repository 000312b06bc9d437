import type { LinkTarget, Problem, Result } from '@cloakroom/client'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { defineComponent } from 'vue'
import { createRouter, createWebHistory, RouterView } from 'vue-router'
import { takeLinkTokens, useLink, type Link } from '../src/composables/link'

let unmount: () => void
afterEach(() => unmount())

const refused = (code: Problem['code']): Result<never> => ({
  ok: false,
  problem: { type: '', title: '', status: 410, code, detail: '', errors: [] },
})

/** Opens the app at the path of a link in an email. */
async function open(path: string, ...answers: Result<LinkTarget>[]) {
  const check = vi.fn<(token: string) => Promise<Result<LinkTarget>>>(() => Promise.resolve(answers.shift() ?? refused('network')))
  let link: Link | undefined
  const page = () =>
    defineComponent({
      setup() {
        link = useLink(check)
        return () => null
      },
    })
  history.replaceState(null, '', path)
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/verify-email', component: page() },
      { path: '/reset-password', component: page() },
      { path: '/login', component: { render: () => null } },
    ],
  })
  takeLinkTokens(router)
  const app = mount(RouterView, { global: { plugins: [router] } })
  unmount = () => app.unmount()
  await router.isReady()
  await flushPromises()
  if (!link) throw new Error('the page is not there')
  return { router, check, link: () => link as Link }
}

it('T15: the token leaves the address at once, and is looked at', async () => {
  const { router, check, link } = await open('/verify-email?from=mail#token=abc', { ok: true, data: { email: 'ann@example.test' } })
  expect(location.hash).toBe('')
  expect(router.currentRoute.value.fullPath).toBe('/verify-email?from=mail')
  expect(JSON.stringify(history.state)).not.toContain('abc')
  expect(check).toHaveBeenCalledWith('abc', expect.anything())
  expect(link().state.value).toBe('ready')
  expect(link().email.value).toBe('ann@example.test')
})

it('survives a detour to the sign-in page, and is no token for another page', async () => {
  const { router, link } = await open('/verify-email#token=abc', { ok: true, data: { email: 'ann@example.test' } })
  await router.push('/login')
  await router.push('/reset-password')
  expect(link().state.value).toBe('missing')
  await router.push('/verify-email')
  expect(link().token.value).toBe('abc')
})

it('one that the server does not know is gone', async () => {
  const { link } = await open('/verify-email#token=abc', refused('token_invalid'))
  expect(link().state.value).toBe('gone')
})

it('one that could not be looked at can be looked at again', async () => {
  const { link, check } = await open('/verify-email#token=abc', refused('network'), { ok: true, data: { email: 'ann@example.test' } })
  expect(link().state.value).toBe('failed')
  await link().look()
  expect(link().state.value).toBe('ready')
  expect(check).toHaveBeenCalledTimes(2)
})

it('another link opened in the same tab takes its place', async () => {
  const { router, link, check } = await open('/verify-email#token=old', refused('token_invalid'), {
    ok: true,
    data: { email: 'ann@example.test' },
  })
  expect(link().state.value).toBe('gone')
  await router.push('/verify-email#token=new')
  await flushPromises()
  expect(location.hash).toBe('')
  expect(check).toHaveBeenLastCalledWith('new', expect.anything())
  expect(link().state.value).toBe('ready')
})

it('one that has done its work is forgotten', async () => {
  const { link } = await open('/verify-email#token=abc', { ok: true, data: { email: 'ann@example.test' } })
  link().drop()
  expect(link().state.value).toBe('missing')
  expect(link().token.value).toBe('')
})
