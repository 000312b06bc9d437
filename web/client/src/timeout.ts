/**
 * A signal that aborts after so many milliseconds: `AbortSignal.timeout`, which Safari has since 16 and Chrome since 103, or the
 * same by a timer.
 */
export function timeoutSignal(milliseconds: number): AbortSignal {
  if (typeof AbortSignal.timeout === 'function') return AbortSignal.timeout(milliseconds)
  const controller = new AbortController()
  setTimeout(() => controller.abort(), milliseconds)
  return controller.signal
}
