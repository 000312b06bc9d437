import type { Problem, SocialStart } from '@cloakroom/client'
import { createProviderTrip, phaseTo } from '@cloakroom/client/kit'
import { useClient, useObservable } from '@cloakroom/vue'
import { computed, onBeforeUnmount, onMounted, type Ref } from 'vue'
import type { SubmissionPhase } from './submission'

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
export function useProviderTrip(options: { givesUp?: boolean } = {}): ProviderTrip {
  const trip = createProviderTrip(useClient(), options)
  const state = useObservable(trip)
  let stop = () => {}
  onMounted(() => (stop = trip.start()))
  onBeforeUnmount(() => stop())
  return {
    problem: computed(() => state.value.problem),
    phaseTo: (provider) => phaseTo(state.value, provider),
    start: trip.go,
    cancel: trip.cancel,
  }
}
