import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'

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
  const { t } = useI18n()
  const now = ref(Date.now())
  let timer: ReturnType<typeof setInterval> | undefined

  const seconds = computed(() => {
    if (until.value === null) return 0
    return Math.max(0, Math.ceil((Date.parse(until.value) - now.value) / 1000))
  })

  watch(
    until,
    (instant) => {
      clearInterval(timer)
      now.value = Date.now()
      if (instant === null) return
      timer = setInterval(() => {
        now.value = Date.now()
        if (seconds.value === 0) clearInterval(timer)
      }, 250)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearInterval(timer))

  const startedAt = ref(0)
  watch(until, () => (startedAt.value = seconds.value), { immediate: true })

  return {
    seconds,
    clock: computed(() => {
      const rest = String(seconds.value % 60).padStart(2, '0')
      return `${Math.floor(seconds.value / 60)}:${rest}`
    }),
    spoken: computed(() => {
      const minutes = Math.ceil(startedAt.value / 60)
      return startedAt.value >= 60 ? t('duration.minutes', minutes) : t('duration.seconds', startedAt.value)
    }),
  }
}
