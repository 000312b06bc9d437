import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, ref } from 'vue'
import { useCountdown, type Countdown } from '../src/composables/countdown'
import { english } from './english'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T10:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

function countdownTo(instant: string | null): { countdown: Countdown; until: { value: string | null } } {
  const until = ref(instant)
  let countdown: Countdown | undefined
  const component = defineComponent({
    setup() {
      countdown = useCountdown(until)
      return () => null
    },
  })
  mount(component, { global: { plugins: [english()] } })
  if (!countdown) throw new Error('setup has not run')
  return { countdown, until }
}

it('counts down to an instant of the server, and stops at nought', async () => {
  const { countdown } = countdownTo('2026-01-01T10:03:59Z')
  expect(countdown.clock.value).toBe('3:59')
  await vi.advanceTimersByTimeAsync(54_000)
  expect(countdown.clock.value).toBe('3:05')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(countdown.seconds.value).toBe(0)
})

it('says once, and in words, how long it was at the start', async () => {
  const { countdown, until } = countdownTo('2026-01-01T10:03:59Z')
  expect(countdown.spoken.value).toBe('4 minutes')
  await vi.advanceTimersByTimeAsync(120_000)
  expect(countdown.spoken.value).toBe('4 minutes')
  until.value = '2026-01-01T10:02:30Z'
  await vi.advanceTimersByTimeAsync(0)
  expect(countdown.spoken.value).toBe('30 seconds')
})

it('has nothing to count when there is nothing to wait for', () => {
  const { countdown } = countdownTo(null)
  expect(countdown.seconds.value).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})
