import type { Client } from '../index.js'
import { createStore, type Observable } from '../observable.js'
import type { SessionStore } from './session.js'

const CHANNEL = 'cloakroom.session-ends'
/** Milliseconds to wait after the end before asking, so that the server does not still see the session. */
const MARGIN = 1_000
/** One day. Timers of browsers overflow after 24.8 days. */
const LONGEST_TIMER = 24 * 60 * 60_000
const RETRY_AFTER = 5_000
const LONGEST_RETRY = 60_000

/**
 * The instant at which the session ends, in milliseconds by the browser's clock and by the newest answer to any tab; null without a
 * session.
 */
export interface SessionEnd extends Observable<number | null> {
  /** Follows the session and the other tabs, until the returned function is called. */
  start(): () => void
}

/**
 * Creates the end of a session. Just after that instant the tab asks the server, so that the page does not outlive its session. It
 * does not ask earlier, because each request counts as activity. The tabs share the instant. If each had its own, two open tabs would
 * ask in turn and keep the session alive for ever.
 */
export function createSessionEnd(session: SessionStore, client: Pick<Client, 'byOwnClock'>): SessionEnd {
  const endsAt = createStore<number | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  function wait(retryAfter = 0) {
    clearTimeout(timer)
    const end = endsAt.getSnapshot()
    if (end === null) return
    const left = Math.max(end + MARGIN - Date.now(), retryAfter)
    timer = setTimeout(() => void look(end, retryAfter), Math.min(left, LONGEST_TIMER))
  }

  async function look(end: number, retriedAfter: number) {
    if (Date.now() < end) return wait()
    await session.refresh()
    // Without a new answer, the tab asks again after ever longer pauses.
    if (endsAt.getSnapshot() === end) wait(Math.min(retriedAfter * 2 || RETRY_AFTER, LONGEST_RETRY))
  }

  function start() {
    const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel(CHANNEL) : null
    let known: string | null = null
    const follow = () => {
      const { expiresAt } = session.getSnapshot()
      if (expiresAt === known) return
      known = expiresAt
      endsAt.set(expiresAt === null ? null : client.byOwnClock(expiresAt))
      if (endsAt.getSnapshot() !== null) tabs?.postMessage(endsAt.getSnapshot())
    }
    tabs?.addEventListener('message', ({ data }) => {
      if (typeof data === 'number' && endsAt.getSnapshot() !== null) endsAt.set(data)
    })
    const stopWaiting = endsAt.subscribe(() => wait())
    const stopFollowing = session.subscribe(follow)
    follow()
    return () => {
      stopFollowing()
      stopWaiting()
      clearTimeout(timer)
      tabs?.close()
    }
  }

  return { getSnapshot: endsAt.getSnapshot, subscribe: endsAt.subscribe, start }
}
