import type { Problem, SocialStart } from '@cloakroom/client'
import { useClient } from '@cloakroom/vue'
import { onBeforeUnmount, onMounted, ref, shallowRef, type Ref } from 'vue'
import { useSubmission, type SubmissionPhase } from './submission'

/** The way to a provider, which leads out of the app and, by the callback page, back into it. */
export interface ProviderTrip {
  /** How far the way to one of them is. */
  phaseTo(provider: string): SubmissionPhase
  /** Why it did not begin. */
  readonly problem: Readonly<Ref<Problem | null>>
  start(provider: string, wish: SocialStart): Promise<void>
  cancel(): void
}

/** Makes the way to a provider, for a page with buttons that lead there. */
export function useProviderTrip({ givesUp = true } = {}): ProviderTrip {
  const client = useClient()
  const submission = useSubmission({ givesUp })
  const destination = ref<string | null>(null)
  const problem = shallowRef<Problem | null>(null)

  function stay() {
    destination.value = null
  }

  // Who comes back by the browser's back button finds the page as it was before.
  const shown = (event: PageTransitionEvent) => {
    if (event.persisted) stay()
  }
  onMounted(() => window.addEventListener('pageshow', shown))
  onBeforeUnmount(() => window.removeEventListener('pageshow', shown))

  return {
    problem,
    // Until the browser has left, the button goes on saying where to.
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
