import type { Result } from '@cloakroom/client'
import { onScopeDispose, ref, type Ref } from 'vue'

/** How far a submission is; each step is one that people notice. */
export type SubmissionPhase = 'idle' | 'sent' | 'busy' | 'slow'

/** One request at a time, with what people see while it takes its time. */
export interface Submission {
  /** `busy` after 150 ms, `slow`, with a way out, after 8 s. */
  readonly phase: Readonly<Ref<SubmissionPhase>>
  /** Sends; null when one is under way already, or was cancelled. After 20 s it gives up with `aborted`. */
  send<Data>(request: (signal: AbortSignal) => Promise<Result<Data>>): Promise<Result<Data> | null>
  /** Ends what is under way, without an error. */
  cancel(): void
}

const BUSY_AFTER = 150
const SLOW_AFTER = 8_000
const GIVE_UP_AFTER = 20_000

/**
 * Makes a submission for a form or a button. One that may wait for somebody to sign in again does not give up: what it
 * waits for is on the screen.
 */
export function useSubmission({ givesUp = true } = {}): Submission {
  const phase = ref<SubmissionPhase>('idle')
  let controller: AbortController | null = null
  let timers: ReturnType<typeof setTimeout>[] = []

  function finish() {
    for (const timer of timers) clearTimeout(timer)
    timers = []
    controller = null
    phase.value = 'idle'
  }

  function cancel() {
    const cancelled = controller
    finish()
    cancelled?.abort()
  }

  onScopeDispose(cancel)
  return {
    phase,
    cancel,
    async send(request) {
      if (controller) return null
      const mine = new AbortController()
      controller = mine
      phase.value = 'sent'
      timers = [setTimeout(() => (phase.value = 'busy'), BUSY_AFTER)]
      if (givesUp) {
        timers.push(
          setTimeout(() => (phase.value = 'slow'), SLOW_AFTER),
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
