import { createStore, type Observable } from '../observable.js'
import type { Result } from '../problem.js'

/** The phase of a submission, as the page shows it: `busy` after 150 ms; `slow` after 8 s, when the page offers to cancel. */
export type SubmissionPhase = 'idle' | 'sent' | 'busy' | 'slow'

/** One request at a time, with its progress. */
export interface Submission extends Observable<SubmissionPhase> {
  /** Sends a request. Resolves to null if another one is running or it was cancelled, and to `aborted` after 20 s. */
  send<Data>(request: (signal: AbortSignal) => Promise<Result<Data>>): Promise<Result<Data> | null>
  /** Gives up the request that is running, without an error. */
  cancel(): void
}

const BUSY_AFTER = 150
const SLOW_AFTER = 8_000
const GIVE_UP_AFTER = 20_000

/**
 * Creates a submission for a form or a button. With `givesUp: false` it has no time limit, for a request that may wait until
 * somebody has answered a dialog.
 */
export function createSubmission({ givesUp = true } = {}): Submission {
  const phase = createStore<SubmissionPhase>('idle')
  let controller: AbortController | null = null
  let timers: ReturnType<typeof setTimeout>[] = []

  function finish() {
    for (const timer of timers) clearTimeout(timer)
    timers = []
    controller = null
    phase.set('idle')
  }

  return {
    getSnapshot: phase.getSnapshot,
    subscribe: phase.subscribe,
    cancel() {
      const cancelled = controller
      finish()
      cancelled?.abort()
    },
    async send(request) {
      if (controller) return null
      const mine = new AbortController()
      controller = mine
      phase.set('sent')
      timers = [setTimeout(() => phase.set('busy'), BUSY_AFTER)]
      if (givesUp) {
        timers.push(
          setTimeout(() => phase.set('slow'), SLOW_AFTER),
          setTimeout(() => mine.abort(), GIVE_UP_AFTER),
        )
      }
      const result = await request(mine.signal)
      if (controller !== mine) return null
      finish()
      return result
    },
  }
}
