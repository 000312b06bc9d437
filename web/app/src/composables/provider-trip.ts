import type { Problem, SocialStart } from '@cloakroom/client'
import { useClient } from '@cloakroom/vue'
import { onBeforeUnmount, onMounted, ref, shallowRef, type Ref } from 'vue'
import { useSubmission, type SubmissionPhase } from './submission'

/** The trip to a provider: out of the app and, through the callback page, back into it. */
export interface ProviderTrip {
  /** Returns the phase of the trip to one provider. */
  phaseTo(provider: string): SubmissionPhase
  /** The reason why the trip did not start. */
  readonly problem: Readonly<Ref<Problem | null>>
  start(provider: string, wish: SocialStart): Promise<void>
  cancel(): void
}

/** Creates the trip, for a page with buttons that lead to providers. */
export function useProviderTrip({ givesUp = true } = {}): ProviderTrip {
  const client = useClient()
  const submission = useSubmission({ givesUp })
  const destination = ref<string | null>(null)
  const problem = shallowRef<Problem | null>(null)

  function stay() {
    destination.value = null
  }

  // The browser's back button may restore this page; then the buttons are ready again.
  const shown = (event: PageTransitionEvent) => {
    if (event.persisted) stay()
  }
  onMounted(() => window.addEventListener('pageshow', shown))
  onBeforeUnmount(() => window.removeEventListener('pageshow', shown))

  return {
    problem,
    // The button stays busy until the browser has left the page.
    phaseTo(provider) {
      if (destination.value !== provider) return 'idle'
      return submission.phase.value === 'idle' ? 'busy' : submission.phase.value
    },
    async start(provider, wish) {
      if (destination.value !== null) return
      problem.value = null
      destination.value = provider
      const result = await submission.send((signal) => client.startSocial(provider, wish, { signal }))
      if (result?.ok && isWebAddress(result.data.url)) return location.assign(result.data.url)
      stay()
      if (result && !result.ok && result.problem.code !== 'reauthentication_required') problem.value = result.problem
    },
    cancel() {
      submission.cancel()
      stay()
    },
  }
}

const isWebAddress = (url: string) => /^https?:$/.test(new URL(url, location.href).protocol)
