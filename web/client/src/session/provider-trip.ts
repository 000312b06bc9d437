import type { Client } from '../index.js'
import { createPartialStore, type Observable } from '../observable.js'
import { createSubmission, type SubmissionPhase } from '../form/submission.js'
import type { Problem } from '../problem.js'
import type { SocialStart } from '../types.js'

/** A trip to a provider, as the page shows it. */
export interface TripState {
  /** The id of the provider that the browser is on its way to. */
  readonly destination: string | null
  readonly phase: SubmissionPhase
  /** The reason why the trip did not start. */
  readonly problem: Problem | null
}

/** The trip to a provider: out of the app and, through the callback page, back into it. */
export interface ProviderTrip extends Observable<TripState> {
  /** Starts the trip: the browser leaves the page. */
  go(provider: string, wish: SocialStart): Promise<void>
  /** Gives up the trip. */
  cancel(): void
  /** Makes the buttons ready again when the browser's back button restores the page, until the returned function is called. */
  start(): () => void
}

/** Creates the trip, for a page with buttons that lead to providers. */
export function createProviderTrip(client: Client, options: { givesUp?: boolean } = {}): ProviderTrip {
  const submission = createSubmission(options)
  const state = createPartialStore<TripState>({ destination: null, phase: 'idle', problem: null })
  submission.subscribe(() => state.change({ phase: submission.getSnapshot() }))
  const stay = () => state.change({ destination: null })

  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    async go(provider, wish) {
      if (state.getSnapshot().destination !== null) return
      state.change({ problem: null, destination: provider })
      const result = await submission.send((signal) => client.startSocial(provider, wish, { signal }))
      if (result?.ok && isWebAddress(result.data.url)) return location.assign(result.data.url)
      stay()
      if (result && !result.ok && result.problem.code !== 'reauthentication_required') state.change({ problem: result.problem })
    },
    cancel() {
      submission.cancel()
      stay()
    },
    start() {
      const shown = (event: PageTransitionEvent) => {
        if (event.persisted) stay()
      }
      window.addEventListener('pageshow', shown)
      return () => {
        window.removeEventListener('pageshow', shown)
        submission.cancel()
      }
    },
  }
}

/** Returns the phase of a trip to one provider. Its button stays busy until the browser has left the page. */
export function phaseTo({ destination, phase }: TripState, provider: string): SubmissionPhase {
  if (destination !== provider) return 'idle'
  return phase === 'idle' ? 'busy' : phase
}

const isWebAddress = (url: string) => /^https?:$/.test(new URL(url, location.href).protocol)
