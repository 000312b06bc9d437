import { clockText, createCountdown, spokenText } from '@cloakroom/client/kit'
import { useObservable } from '@cloakroom/vue'
import { computed, onScopeDispose, watch, type Ref } from 'vue'
import { useTexts } from './texts'

/** The time left until an instant that the server named. */
export interface Countdown {
  /** Whole seconds; 0 when nothing is to be waited for. */
  readonly seconds: Readonly<Ref<number>>
  /** The visible form, updated each second: "3:59". */
  readonly clock: Readonly<Ref<string>>
  /** The form for screen readers, which stays as it is: "4 minutes". */
  readonly spoken: Readonly<Ref<string>>
}

/** Counts down to an instant (RFC 3339); null for none. */
export function useCountdown(until: Ref<string | null>): Countdown {
  const texts = useTexts()
  const countdown = createCountdown()
  const left = useObservable(countdown)
  watch(until, countdown.to, { immediate: true })
  onScopeDispose(() => countdown.to(null))
  return {
    seconds: computed(() => left.value.seconds),
    clock: computed(() => clockText(left.value)),
    spoken: computed(() => spokenText(left.value, texts)),
  }
}
