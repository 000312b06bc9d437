import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSession } from '../../src/session/session'
import { createSessionEnd } from '../../src/session/end'
import { EXPIRES_AT, person, Server } from '../server'

const END = Date.parse(EXPIRES_AT)
let stops: (() => void)[] = []

beforeEach(() => {
  vi.useFakeTimers({ now: END - 60_000 })
})

afterEach(() => {
  for (const stop of stops) stop()
  stops = []
  localStorage.clear()
  vi.useRealTimers()
})

async function tabSignedIn(server: Server) {
  server.user = person('ada@example.test')
  const client = server.client()
  const session = createSession({ client, onPrivatePage: () => true, reload: () => {} })
  const end = createSessionEnd(session, client)
  stops.push(end.start(), session.start())
  await session.ready
  return { session, end, client }
}

it('finding U2: just after the end of the session the server is asked, and not earlier', async () => {
  const server = new Server()
  const { session, end } = await tabSignedIn(server)
  expect(end.getSnapshot()).toBe(END)
  const asked = server.asked.length
  server.user = null
  await vi.advanceTimersByTimeAsync(60_000)
  expect(server.asked).toHaveLength(asked)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(session.getSnapshot().status).toBe('expired')
  expect(end.getSnapshot()).toBeNull()
})

it('is told by the clock of the browser, however wrong it is', async () => {
  const server = new Server()
  server.date = new Date(END - 360_000)
  const { end } = await tabSignedIn(server)
  expect(end.getSnapshot()).toBe(END + 300_000)
})
