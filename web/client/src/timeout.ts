/**
 * Returns a signal that aborts after a number of milliseconds. It uses `AbortSignal.timeout` (Safari 16, Chrome 103) or, in older
 * browsers, a timer.
 */
export function timeoutSignal(milliseconds: number): AbortSignal {
  if (typeof AbortSignal.timeout === 'function') return AbortSignal.timeout(milliseconds)
  const controller = new AbortController()
  setTimeout(() => controller.abort(), milliseconds)
  return controller.signal
}
