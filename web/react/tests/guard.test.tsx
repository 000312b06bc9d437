import { useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { createMemoryRouter, Link, RouterProvider } from 'react-router'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { person, Server } from '../../client/tests/server'
import { CloakroomProvider, createCloakroom, useClient, useReauthentication, useSession, useSessionEnd } from '../src/index'
import { RequireGuest, RequireSession } from '../src/router'

const ada = person('ada@example.test')
const inTime = <T,>(assertion: () => T) => vi.waitFor(assertion, { timeout: 2_000, interval: 5 })

let server: Server
let unmount: () => void
/** The pages that were shown, in their order. */
let pages: string[]

/** Opens a small app at a path: a public page, a sign-in page for guests, and a guarded page. */
function openApp(path: string) {
  function Page({ name }: { name: string }) {
    const { user, logout } = useSession()
    useEffect(() => void pages.push(name), [name])
    return (
      <main>
        {name}: {user?.email ?? 'nobody'}
        <button onClick={() => void logout()}>Sign out</button>
        <Link to="/account">Account</Link>
      </main>
    )
  }
  const router = createMemoryRouter(
    [
      { path: '/', element: <Page name="home" /> },
      { path: '/login', element: <RequireGuest><Page name="login" /></RequireGuest> },
      { element: <RequireSession fallback="…" />, children: [{ path: '/account', element: <Page name="account" /> }] },
    ],
    { initialEntries: [path] },
  )
  const cloakroom = createCloakroom({ client: server.client(), paths: { home: '/account' } })
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  root.render(
    <CloakroomProvider cloakroom={cloakroom}>
      <RouterProvider router={router} />
    </CloakroomProvider>,
  )
  unmount = () => root.unmount()
  const address = () => router.state.location.pathname + router.state.location.search
  return { address, cloakroom, router }
}

const text = () => document.body.textContent

beforeEach(() => {
  server = new Server()
  pages = []
})

afterEach(() => {
  unmount()
  document.body.innerHTML = ''
  localStorage.clear()
})

describe('the guard', () => {
  it('shows a guarded page to who is signed in, at once and without a detour', async () => {
    server.user = ada
    const { address } = openApp('/account')
    await inTime(() => expect(text()).toContain('account: ada@example.test'))
    expect(address()).toBe('/account')
    expect(pages).toEqual(['account'])
  })

  it('sends others to the sign-in page and keeps where they wanted to go', async () => {
    const { address } = openApp('/account?tab=one')
    await inTime(() => expect(pages).toEqual(['login']))
    expect(address()).toBe(`/login?next=${encodeURIComponent('/account?tab=one')}`)
  })

  it('sends who is signed in on from the sign-in page', async () => {
    server.user = ada
    const { address } = openApp('/login?next=/')
    await inTime(() => expect(pages).toEqual(['home']))
    expect(address()).toBe('/')
  })

  it('O32: forgets a `next` that leads elsewhere', async () => {
    server.user = ada
    const { address } = openApp('/login?next=//evil.test')
    await inTime(() => expect(pages).toEqual(['account']))
    expect(address()).toBe('/account')
  })

  it('moves on after a sign-in in another tab, and back after a sign-out', async () => {
    const { address } = openApp('/login?next=/account')
    await inTime(() => expect(pages).toEqual(['login']))
    const otherTab = new BroadcastChannel('cloakroom')
    server.user = ada
    otherTab.postMessage('signed-in')
    await inTime(() => expect(address()).toBe('/account'))
    server.user = null
    otherTab.postMessage('signed-out')
    await inTime(() => expect(address()).toBe('/login?next=%2Faccount'))
    otherTab.close()
  })

  it('does not lead back to the page that somebody signed out on, but to the one they open next', async () => {
    server.user = ada
    const { address, router } = openApp('/account')
    await inTime(() => expect(pages).toEqual(['account']))
    document.querySelector('button')?.click()
    await inTime(() => expect(address()).toBe('/login'))
    await router.navigate('/account')
    await inTime(() => expect(address()).toBe('/login?next=%2Faccount'))
  })

  it('keeps a guarded page whose session has ended, and hides it while the server cannot be asked', async () => {
    server.user = ada
    const { cloakroom } = openApp('/account')
    await inTime(() => expect(pages).toEqual(['account']))
    server.user = null
    await cloakroom.kit.session.refresh()
    expect(cloakroom.kit.session.getSnapshot().status).toBe('expired')
    await inTime(() => expect(text()).toContain('account: ada@example.test'))
    server.unreachable = true
    await cloakroom.kit.session.logout()
    await inTime(() => expect(document.body.textContent).toBe('…'))
  })

  it('remembers in this browser whether somebody is signed in, and nothing else', async () => {
    server.user = ada
    openApp('/')
    await inTime(() => expect({ ...localStorage }).toEqual({ 'cloakroom.authenticated': 'true' }))
  })
})

describe('the hooks', () => {
  it('give the proof that a request waits for, and the end of the session', async () => {
    server.user = ada
    const seen: unknown[] = []
    function Probe() {
      const { asked, cancel } = useReauthentication()
      const end = useSessionEnd()
      const client = useClient()
      useEffect(() => void seen.push({ asked, end, same: client === server.clients[0] }), [asked, end, client])
      return <button onClick={cancel}>Cancel</button>
    }
    const root = createRoot(document.body.appendChild(document.createElement('div')))
    root.render(
      <CloakroomProvider cloakroom={createCloakroom({ client: server.client() })}>
        <Probe />
      </CloakroomProvider>,
    )
    unmount = () => root.unmount()
    const end = Date.parse('2026-12-01T00:00:00Z')
    await inTime(() => expect(seen.at(-1)).toEqual({ asked: false, end, same: true }))
    server.replies['POST /api/email/change/'] = () => Response.json({ code: 'reauthentication_required' }, { status: 403 })
    const change = server.clients[0]?.changeEmail('new@example.test')
    await inTime(() => expect(seen.at(-1)).toMatchObject({ asked: true }))
    document.querySelector('button')?.click()
    expect(await change).toMatchObject({ ok: false })
    await inTime(() => expect(seen.at(-1)).toMatchObject({ asked: false }))
  })

  it('say what is missing without the provider', async () => {
    const errors: unknown[] = []
    const root = createRoot(document.body, { onUncaughtError: (error) => errors.push(error) })
    unmount = () => root.unmount()
    root.render(<WithoutProvider />)
    await inTime(() => expect(String(errors[0])).toContain('<CloakroomProvider'))
  })
})

function WithoutProvider() {
  useClient()
  return null
}
