import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSession } from '../../src/session/session'
import { EXPIRES_AT, person, Server } from '../server'

const ada = person('ada@example.test')
const grace = person('grace@example.test')

let server: Server
let stops: (() => void)[] = []

/** Opens a tab, by default on a private page. */
function tab({ onPrivatePage = true } = {}) {
  const client = server.client()
  const reload = vi.fn()
  const flags: boolean[] = []
  const session = createSession({
    client,
    onAuthenticated: (authenticated) => flags.push(authenticated),
    onPrivatePage: () => onPrivatePage,
    reload,
  })
  const stop = session.start()
  stops.push(stop)
  return { client, reload, flags, session, stop }
}

async function tabSignedInAs(user: typeof ada, options = {}) {
  server.user = user
  const opened = tab(options)
  await opened.session.ready
  return opened
}

const pageEvent = (type: string) => Object.assign(new Event(type), { persisted: true })
const inTime = <T>(assertion: () => T) => vi.waitFor(assertion, { timeout: 1000, interval: 5 })

beforeEach(() => {
  server = new Server()
})

afterEach(() => {
  for (const stop of stops) stop()
  stops = []
  localStorage.clear()
  vi.useRealTimers()
})

describe('at boot', () => {
  it('the server says who is signed in', async () => {
    server.user = ada
    const { session, flags } = tab()
    expect(session.getSnapshot().status).toBe('loading')
    await session.ready
    expect(session.getSnapshot().status).toBe('signed-in')
    expect(session.getSnapshot().user).toEqual(ada)
    expect(session.getSnapshot().expiresAt).toBe(EXPIRES_AT)
    expect(flags).toEqual([true])
  })

  it('nobody is signed in when the server says so', async () => {
    const { session, flags } = tab()
    await session.ready
    expect(session.getSnapshot().status).toBe('signed-out')
    expect(flags).toEqual([false])
  })

  it('an unreachable server makes the state offline, and it recovers by itself', async () => {
    vi.useFakeTimers()
    server.user = ada
    server.unreachable = true
    const { session, flags } = tab()
    await session.ready
    expect(session.getSnapshot().status).toBe('offline')
    expect(session.getSnapshot().problem?.code).toBe('network')
    expect(flags).toEqual([])
    server.unreachable = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(session.getSnapshot().status).toBe('signed-in')
  })
})

describe('a sign-in', () => {
  it('is told to the other tabs, which ask the server', async () => {
    const here = tab()
    const there = tab()
    await Promise.all([here.session.ready, there.session.ready])
    expect(await here.session.login({ email: ada.email, password: 'right' })).toMatchObject({ ok: true })
    expect(here.session.getSnapshot().user).toEqual(ada)
    await inTime(() => expect(here.session.getSnapshot().expiresAt).toBe(EXPIRES_AT))
    await inTime(() => expect(there.session.getSnapshot().user).toEqual(ada))
  })

  it('that fails is a value, and changes nothing', async () => {
    const { session } = tab()
    await session.ready
    const result = await session.login({ email: ada.email, password: 'wrong' })
    expect(result).toMatchObject({ ok: false, problem: { code: 'invalid_credentials' } })
    expect(session.getSnapshot().status).toBe('signed-out')
  })

  it('as another user makes the other tabs load anew', async () => {
    const other = await tabSignedInAs(ada)
    server.user = null
    const here = tab()
    await here.session.ready
    await here.session.login({ email: grace.email, password: 'right' })
    await inTime(() => expect(other.reload).toHaveBeenCalledOnce())
    expect(other.session.getSnapshot().user).toEqual(ada)
  })

  it('also comes from a provider, unless something is still missing', async () => {
    const here = tab()
    const there = tab()
    await Promise.all([here.session.ready, there.session.ready])
    await here.session.finishSocial('github', { code: 'unknown', state: 'state' })
    expect(here.session.getSnapshot().status).toBe('signed-out')
    await here.session.finishSocial('github', { code: ada.email, state: 'state' })
    expect(here.session.getSnapshot().user).toEqual(ada)
    await inTime(() => expect(there.session.getSnapshot().user).toEqual(ada))
  })

  it('also comes from an address that has been proven, and a tab that waits for it follows', async () => {
    const waiting = tab({ onPrivatePage: false })
    const link = tab()
    await Promise.all([waiting.session.ready, link.session.ready])
    await link.session.verifyEmail({ token: ada.email })
    expect(link.session.getSnapshot().user).toEqual(ada)
    await inTime(() => expect(waiting.session.getSnapshot().status).toBe('signed-in'))
  })

  it('is not undone by an older answer that arrives late', async () => {
    const { session } = tab()
    await session.ready
    const sendLateReply = server.holdNextReply()
    const late = session.refresh()
    await session.login({ email: ada.email, password: 'right' })
    sendLateReply()
    await late
    expect(session.getSnapshot().status).toBe('signed-in')
  })
})

describe('a sign-out', () => {
  it('is "signed out" only after the server has confirmed it', async () => {
    const { session } = await tabSignedInAs(ada)
    server.unavailable = true
    expect(await session.logout()).toMatchObject({ ok: false, problem: { code: 'unavailable' } })
    expect(session.getSnapshot().status).toBe('signed-in')
    server.unavailable = false
    await session.logout()
    expect(session.getSnapshot().status).toBe('signed-out')
    expect(session.getSnapshot().signedOutBy).toBe('here')
    expect(session.getSnapshot().user).toBeNull()
    expect(session.getSnapshot().expiresAt).toBeNull()
  })

  it('is followed by the other tabs', async () => {
    const here = await tabSignedInAs(ada)
    const there = await tabSignedInAs(ada)
    await here.session.logoutEverywhere()
    expect(here.session.getSnapshot().signedOutBy).toBe('everywhere')
    await inTime(() => expect(there.session.getSnapshot().status).toBe('signed-out'))
    expect(there.session.getSnapshot().signedOutBy).toBe('another-tab')
  })

  it('without a network hides everything in all tabs, and is done when the network is back', async () => {
    const here = await tabSignedInAs(ada)
    const there = await tabSignedInAs(ada)
    server.unreachable = true
    expect(await here.session.logout()).toMatchObject({ ok: false, problem: { code: 'network' } })
    for (const { session } of [here, there]) {
      await inTime(() => expect(session.getSnapshot().signOutPending).toBe(true))
      expect(session.getSnapshot().status).toBe('offline')
      expect(session.getSnapshot().user).toBeNull()
    }
    server.unreachable = false
    window.dispatchEvent(new Event('online'))
    await inTime(() => expect(here.session.getSnapshot().status).toBe('signed-out'))
    await inTime(() => expect(there.session.getSnapshot().status).toBe('signed-out'))
    expect(server.user).toBeNull()
    expect(localStorage.length).toBe(0)
  })

  it('that is still pending is done at the next boot, before anything is shown', async () => {
    const before = await tabSignedInAs(ada)
    server.unreachable = true
    await before.session.logout()
    before.stop()
    server.unreachable = false
    server.asked = []
    const after = tab()
    await after.session.ready
    expect(server.asked).toEqual(['POST /api/logout/'])
    expect(after.session.getSnapshot().status).toBe('signed-out')
  })

  it('from everywhere that is pending claims no more than it did when the session has died meanwhile', async () => {
    const { session } = await tabSignedInAs(ada)
    server.unreachable = true
    await session.logoutEverywhere()
    server.unreachable = false
    server.user = null
    window.dispatchEvent(new Event('online'))
    await inTime(() => expect(session.getSnapshot().status).toBe('signed-out'))
    expect(session.getSnapshot().signedOutBy).toBe('here')
  })

  it('that is pending goes before a sign-in', async () => {
    const { session } = await tabSignedInAs(ada)
    server.unreachable = true
    await session.logout()
    expect(await session.login({ email: grace.email, password: 'right' })).toMatchObject({ problem: { code: 'network' } })
    server.unreachable = false
    await session.login({ email: grace.email, password: 'right' })
    expect(server.asked.slice(-3, -1)).toEqual(['POST /api/logout/', 'POST /api/login/'])
    expect(session.getSnapshot().user).toEqual(grace)
    expect(session.getSnapshot().signOutPending).toBe(false)
  })
})

describe('a session that has ended', () => {
  it('makes the state expired, and the same user goes on with the request that was blocked', async () => {
    const { session, client, flags, reload } = await tabSignedInAs(ada)
    server.user = null
    const blocked = client.fetch('/api/notes/', { method: 'POST', body: { text: 'typed' } })
    await inTime(() => expect(session.getSnapshot().status).toBe('expired'))
    expect(session.getSnapshot().user).toEqual(ada)
    expect(flags.at(-1)).toBe(false)
    await session.login({ email: ada.email, password: 'right' })
    expect(await blocked).toEqual({ ok: true, data: { body: '{"text":"typed"}' } })
    expect(session.getSnapshot().status).toBe('signed-in')
    expect(reload).not.toHaveBeenCalled()
  })

  it('is loaded anew when another user signs in', async () => {
    const { session, client, reload } = await tabSignedInAs(ada)
    server.user = null
    void client.profile()
    await inTime(() => expect(session.getSnapshot().status).toBe('expired'))
    await session.login({ email: grace.email, password: 'right' })
    expect(reload).toHaveBeenCalledOnce()
    expect(session.getSnapshot().user).toEqual(ada)
  })

  it('is loaded anew after "Sign out", and the blocked request is given up', async () => {
    const { session, client, reload } = await tabSignedInAs(ada)
    server.user = null
    const blocked = client.profile()
    await inTime(() => expect(session.getSnapshot().status).toBe('expired'))
    await session.logout()
    expect(await blocked).toMatchObject({ ok: false, problem: { code: 'not_authenticated' } })
    expect(reload).toHaveBeenCalledOnce()
  })

  it('goes on when the same user signs in in another tab', async () => {
    const here = await tabSignedInAs(ada)
    server.user = null
    const blocked = here.client.profile()
    await inTime(() => expect(here.session.getSnapshot().status).toBe('expired'))
    const there = tab()
    await there.session.ready
    await there.session.login({ email: ada.email, password: 'right' })
    expect(await blocked).toMatchObject({ ok: true })
    expect(here.session.getSnapshot().status).toBe('signed-in')
  })

  it('asks nobody when another tab has signed in already', async () => {
    const { session, client } = await tabSignedInAs(ada)
    server.user = null
    const fetched = client.profile()
    server.user = ada
    expect(await fetched).toMatchObject({ ok: true })
    expect(session.getSnapshot().status).toBe('signed-in')
  })
})

describe('coming back to a tab', () => {
  it('asks the server again, but at most every five seconds', async () => {
    vi.useFakeTimers()
    await tabSignedInAs(ada)
    const asked = server.asked.length
    window.dispatchEvent(new Event('focus'))
    expect(server.asked).toHaveLength(asked)
    await vi.advanceTimersByTimeAsync(5_000)
    window.dispatchEvent(new Event('focus'))
    window.dispatchEvent(new Event('focus'))
    expect(server.asked).toHaveLength(asked + 1)
  })

  it('never shows `loading` again', async () => {
    const { session } = await tabSignedInAs(ada)
    const check = session.refresh()
    expect(session.getSnapshot().status).toBe('signed-in')
    await check
  })

  it('keeps the page of somebody at work when the check fails', async () => {
    const { session } = await tabSignedInAs(ada)
    server.unreachable = true
    await session.refresh()
    expect(session.getSnapshot().status).toBe('signed-in')
  })

  it('keeps a private page under the dialog, and leaves a public one', async () => {
    const onPrivate = await tabSignedInAs(ada)
    const onPublic = await tabSignedInAs(ada, { onPrivatePage: false })
    server.user = null
    await Promise.all([onPrivate.session.refresh(), onPublic.session.refresh()])
    expect(onPrivate.session.getSnapshot().status).toBe('expired')
    expect(onPublic.session.getSnapshot().status).toBe('signed-out')
  })

  it('from the back-forward cache conceals the page until the session has been checked', async () => {
    const { session } = await tabSignedInAs(ada)
    window.dispatchEvent(pageEvent('pagehide'))
    expect(session.getSnapshot().concealed).toBe(true)
    server.user = null
    window.dispatchEvent(pageEvent('pageshow'))
    expect(session.getSnapshot().concealed).toBe(true)
    await inTime(() => expect(session.getSnapshot().concealed).toBe(false))
    expect(session.getSnapshot().status).toBe('signed-out')
  })

  it('from the back-forward cache shows nothing private when the check fails', async () => {
    const { session } = await tabSignedInAs(ada)
    server.unreachable = true
    window.dispatchEvent(pageEvent('pagehide'))
    window.dispatchEvent(pageEvent('pageshow'))
    await inTime(() => expect(session.getSnapshot().concealed).toBe(false))
    expect(session.getSnapshot().status).toBe('offline')
  })
})

it('a session that was stopped can be started again, as React does in development', async () => {
  server.user = ada
  const { session, stop, client } = tab()
  stop()
  stops = [session.start()]
  await session.ready
  expect(session.getSnapshot().status).toBe('signed-in')
  server.user = null
  void client.profile()
  await inTime(() => expect(session.getSnapshot().status).toBe('expired'))
})
