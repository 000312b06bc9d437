import { createClient } from '../../src/index'
import { afterEach, expect, it, vi } from 'vitest'
import { createReauthentication } from '../../src/session/reauthentication'
import { joinTabs } from '../../src/session/tabs'
import { person } from '../server'

let stops: (() => void)[] = []

afterEach(() => {
  for (const stop of stops) stop()
  stops = []
})

/** Creates a server that changes the address only after a proof by the password "right". */
function start({ next = 'done' } = {}) {
  let proven = false
  let signedIn = person('ada@example.test')
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = (path, init) => {
    asked.push(`${String(path)} ${String(init?.body)}`)
    const refuse = (status: number, code: string) => Promise.resolve(Response.json({ code, status }, { status }))
    if (path === '/api/session/') return Promise.resolve(Response.json({ state: 'authenticated', user: signedIn }))
    if (path === '/api/reauthenticate/') {
      proven = String(init?.body).includes('"right"')
      return proven ? Promise.resolve(Response.json({ detail: 'Success', next })) : refuse(400, 'invalid_credentials')
    }
    return proven ? Promise.resolve(Response.json({ detail: 'Sent' })) : refuse(403, 'reauthentication_required')
  }
  const client = createClient({ fetch })
  /** Reports a sign-in from another tab. */
  function signInElsewhere(email: string) {
    signedIn = person(email)
    proven = true
    const other = joinTabs(() => {})
    other.tell('signed-in')
    other.close()
  }
  const reauthentication = createReauthentication(client, () => person('ada@example.test'))
  stops.push(reauthentication.start())
  return { client, asked, reauthentication, signInElsewhere }
}

it('a request waits for the proof, and is then sent as it was', async () => {
  const { client, asked, reauthentication } = start()
  const change = client.changeEmail('new@example.test')
  await vi.waitUntil(() => reauthentication.getSnapshot())
  expect(await reauthentication.withPassword('right')).toMatchObject({ ok: true })
  expect(reauthentication.getSnapshot()).toBe(false)
  expect(await change).toEqual({ ok: true, data: { detail: 'Sent' } })
  const body = JSON.stringify({ email: 'new@example.test' })
  expect(asked).toEqual([`/api/email/change/ ${body}`, '/api/reauthenticate/ {"password":"right"}', `/api/email/change/ ${body}`])
})

it('a wrong password is a value, and the request goes on waiting', async () => {
  const { client, reauthentication } = start()
  const change = client.changeEmail('new@example.test')
  await vi.waitUntil(() => reauthentication.getSnapshot())
  expect(await reauthentication.withPassword('wrong')).toMatchObject({ ok: false, problem: { code: 'invalid_credentials' } })
  expect(reauthentication.getSnapshot()).toBe(true)
  await reauthentication.withPassword('right')
  expect(await change).toMatchObject({ ok: true })
})

it('who cancels is told what was missing, and nothing is sent', async () => {
  const { client, asked, reauthentication } = start()
  const change = client.changeEmail('new@example.test')
  await vi.waitUntil(() => reauthentication.getSnapshot())
  reauthentication.cancel()
  expect(await change).toMatchObject({ ok: false, problem: { code: 'reauthentication_required' } })
  expect(reauthentication.getSnapshot()).toBe(false)
  expect(asked).toHaveLength(1)
})

it('two requests wait for one proof', async () => {
  const { client, reauthentication } = start()
  const changes = [client.changeEmail('one@example.test'), client.changeEmail('two@example.test')]
  await vi.waitUntil(() => reauthentication.getSnapshot())
  await new Promise((resolve) => setTimeout(resolve))
  await reauthentication.withPassword('right')
  for (const change of changes) expect(await change).toMatchObject({ ok: true })
})

it('a request that is ended waits no longer', async () => {
  const { client, asked, reauthentication } = start()
  const controller = new AbortController()
  const change = client.changeEmail('new@example.test', { signal: controller.signal })
  await vi.waitUntil(() => reauthentication.getSnapshot())
  controller.abort()
  expect(await change).toMatchObject({ ok: false })
  expect(reauthentication.getSnapshot()).toBe(false)
  expect(asked).toHaveLength(1)
})

it('proof that is given in another tab counts, too', async () => {
  const { client, reauthentication, signInElsewhere } = start()
  const change = client.changeEmail('new@example.test')
  await vi.waitUntil(() => reauthentication.getSnapshot())
  signInElsewhere('ada@example.test')
  expect(await change).toMatchObject({ ok: true })
})

it('what one person asked for is not sent as another, who signs in elsewhere', async () => {
  const { client, asked, reauthentication, signInElsewhere } = start()
  const change = client.changeEmail('new@example.test')
  await vi.waitUntil(() => reauthentication.getSnapshot())
  signInElsewhere('grace@example.test')
  await vi.waitUntil(() => asked.some((request) => request.startsWith('/api/session/')))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(reauthentication.getSnapshot()).toBe(true)
  reauthentication.cancel()
  expect(await change).toMatchObject({ ok: false })
})

it('a password that is not enough for the server releases nothing', async () => {
  const { client, reauthentication } = start({ next: 'second_factor' })
  const change = client.changeEmail('new@example.test')
  await vi.waitUntil(() => reauthentication.getSnapshot())
  expect(await reauthentication.withPassword('right')).toMatchObject({ ok: true })
  expect(reauthentication.getSnapshot()).toBe(true)
  reauthentication.cancel()
  await change
})
