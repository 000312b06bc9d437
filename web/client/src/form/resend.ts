import { createPartialStore, type Observable } from '../observable.js'
import type { Problem, Result } from '../problem.js'
import type { CallOptions } from '../request.js'
import type { MailSent } from '../types.js'
import { createCountdown, type TimeLeft } from './countdown.js'
import { createSubmission, type SubmissionPhase } from './submission.js'

/** Another email, as the page shows it. */
export interface ResendState {
  readonly phase: SubmissionPhase
  /** The wait until another email can be sent. */
  readonly left: TimeLeft
  /** True once another email has been sent. */
  readonly sent: boolean
  readonly problem: Problem | null
}

/** Sends an email again, when the server allows it. */
export interface Resend extends Observable<ResendState> {
  send(): Promise<void>
  /** Ends the request and the clock. */
  stop(): void
}

/** Creates the way to another email. `resendAt` is the instant from which it is allowed (RFC 3339). */
export function createResend(request: (call: CallOptions) => Promise<Result<MailSent>>, resendAt: string | null): Resend {
  const submission = createSubmission()
  const countdown = createCountdown()
  countdown.to(resendAt)
  const state = createPartialStore<ResendState>({ phase: 'idle', left: countdown.getSnapshot(), sent: false, problem: null })
  submission.subscribe(() => state.change({ phase: submission.getSnapshot() }))
  countdown.subscribe(() => state.change({ left: countdown.getSnapshot() }))
  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    async send() {
      state.change({ problem: null, sent: false })
      const result = await submission.send((signal) => request({ signal }))
      if (!result) return
      countdown.to((result.ok ? result.data.resend_at : result.problem.retry_at) ?? null)
      state.change(result.ok ? { sent: true } : { problem: result.problem })
    },
    stop() {
      submission.cancel()
      countdown.to(null)
    },
  }
}
