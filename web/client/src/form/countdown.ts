import { createStore, type Observable } from '../observable.js'
import type { Texts } from '../text/texts.js'

/** The time left until an instant that the server named. */
export interface TimeLeft {
  /** Whole seconds; 0 when nothing is to be waited for. */
  seconds: number
  /** The seconds at the start, for screen readers: a text that changes each second would be read each second. */
  atStart: number
}

/** Counts down to an instant. */
export interface Countdown extends Observable<TimeLeft> {
  /** Begins anew with another instant (RFC 3339); null ends it. */
  to(instant: string | null): void
}

const NOTHING: TimeLeft = { seconds: 0, atStart: 0 }
/** Milliseconds between two looks at the clock. */
const TICK = 250

/** Creates a countdown. */
export function createCountdown(): Countdown {
  const left = createStore(NOTHING)
  let timer: ReturnType<typeof setInterval> | undefined
  const secondsTo = (instant: string) => Math.max(0, Math.ceil((Date.parse(instant) - Date.now()) / 1000))

  function to(instant: string | null) {
    clearInterval(timer)
    const atStart = instant === null ? 0 : secondsTo(instant)
    left.set(atStart === 0 ? NOTHING : { seconds: atStart, atStart })
    if (instant === null || atStart === 0) return
    timer = setInterval(() => {
      const seconds = secondsTo(instant)
      if (seconds === 0) clearInterval(timer)
      if (seconds !== left.getSnapshot().seconds) left.set({ seconds, atStart })
    }, TICK)
  }

  return { getSnapshot: left.getSnapshot, subscribe: left.subscribe, to }
}

/** Returns the visible form, which changes each second: "3:59". */
export function clockText({ seconds }: TimeLeft): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** Returns the form for screen readers, which stays as it is: "4 minutes". */
export function spokenText({ atStart }: TimeLeft, texts: Texts): string {
  const count = atStart >= 60 ? Math.ceil(atStart / 60) : atStart
  return texts.of(atStart >= 60 ? 'duration.minutes' : 'duration.seconds', { count })
}
