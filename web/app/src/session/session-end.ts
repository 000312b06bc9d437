import { useSession } from '@cloakroom/vue'
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { byOwnClock } from '../state/server-clock'

const CHANNEL = 'cloakroom.session-ends'
/** A reply that arrives just after the end is never too early. */
const MARGIN = 1_000
/** Timers of browsers overflow after 24.8 days. */
const LONGEST_TIMER = 24 * 60 * 60_000
const RETRY_AFTER = 5_000
const LONGEST_RETRY = 60_000

/**
 * When the session ends, by the browser's clock and the newest answer that any tab has had; null for no session.
 *
 * Just after that instant the server is asked, so that the page does not outlive its session. It is not asked earlier, because
 * an answer counts as activity. For that reason the tabs share what they know: with an instant for each tab, two open tabs
 * would ask in turns and keep the session alive for ever.
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
    // No answer, or the old one: the server is asked again, less and less often.
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
