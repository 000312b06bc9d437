/** Makes a signal that aborts after so many milliseconds. Safari has `AbortSignal.timeout` only since version 16. */
export function deadline(milliseconds: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), milliseconds)
  return controller.signal
}
