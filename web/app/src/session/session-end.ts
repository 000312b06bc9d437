import { useSession } from '@cloakroom/vue'
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { byOwnClock } from '../state/server-clock'

const CHANNEL = 'cloakroom.session-ends'
/** Milliseconds to wait after the end before asking, so that the server does not still see the session. */
const MARGIN = 1_000
/** One day. Timers of browsers overflow after 24.8 days. */
const LONGEST_TIMER = 24 * 60 * 60_000
const RETRY_AFTER = 5_000
const LONGEST_RETRY = 60_000

/**
 * The instant at which the session ends, by the browser's clock and the newest answer to any tab; null without a session.
 *
 * Just after that instant the tab asks the server, so that the page does not outlive its session. It does not ask earlier, because
 * each request counts as activity. The tabs share the instant. If each had its own, two open tabs would ask in turn and keep the
 * session alive for ever.
 */
export function useSessionEnd(): Ref<number | null> {
  const { expiresAt, refresh } = useSession()
  const endsAt = ref<number | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel(CHANNEL) : null
  tabs?.addEventListener('message', ({ data }) => {
    if (typeof data === 'number' && endsAt.value !== null) endsAt.value = data
  })

  function wait(retryAfter = 0) {
    clearTimeout(timer)
    if (endsAt.value === null) return
    const left = Math.max(endsAt.value + MARGIN - Date.now(), retryAfter)
    timer = setTimeout(() => void look(retryAfter), Math.min(left, LONGEST_TIMER))
  }

  async function look(retriedAfter: number) {
    const end = endsAt.value
    if (end === null || Date.now() < end) return wait()
    await refresh()
    // Without a new answer, the tab asks again after ever longer pauses.
    if (endsAt.value === end) wait(Math.min(retriedAfter * 2 || RETRY_AFTER, LONGEST_RETRY))
  }

  watch(
    expiresAt,
    (instant) => {
      endsAt.value = instant === null ? null : byOwnClock(instant)
      if (endsAt.value !== null) tabs?.postMessage(endsAt.value)
    },
    { immediate: true },
  )
  watch(endsAt, () => wait(), { immediate: true })

  onScopeDispose(() => {
    clearTimeout(timer)
    tabs?.close()
  })
  return endsAt
}
