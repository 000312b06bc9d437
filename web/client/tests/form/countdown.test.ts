import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { clockText, createCountdown, spokenText } from '../../src/form/countdown'
import { createTexts } from '../../src/text/texts'

const texts = createTexts()

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T10:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

it('counts down to an instant of the server, and stops at nought', async () => {
  const countdown = createCountdown()
  countdown.to('2026-01-01T10:03:59Z')
  expect(clockText(countdown.getSnapshot())).toBe('3:59')
  await vi.advanceTimersByTimeAsync(54_000)
  expect(clockText(countdown.getSnapshot())).toBe('3:05')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(countdown.getSnapshot().seconds).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

it('says once, and in words, how long it was at the start', async () => {
  const countdown = createCountdown()
  countdown.to('2026-01-01T10:03:59Z')
  expect(spokenText(countdown.getSnapshot(), texts)).toBe('4 minutes')
  await vi.advanceTimersByTimeAsync(120_000)
  expect(spokenText(countdown.getSnapshot(), texts)).toBe('4 minutes')
  countdown.to('2026-01-01T10:02:30Z')
  expect(spokenText(countdown.getSnapshot(), texts)).toBe('30 seconds')
  countdown.to('2026-01-01T10:02:01Z')
  expect(spokenText(countdown.getSnapshot(), texts)).toBe('1 second')
})

it('tells each second once', async () => {
  const countdown = createCountdown()
  const told = vi.fn()
  countdown.to('2026-01-01T10:00:03Z')
  countdown.subscribe(told)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(told).toHaveBeenCalledTimes(2)
})

it('has nothing to count when there is nothing to wait for', () => {
  const countdown = createCountdown()
  countdown.to(null)
  expect(countdown.getSnapshot().seconds).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})
