/** How far the server's clock is ahead of the browser's, in milliseconds, by the newest reply. */
let ahead = 0

/** Does what `fetch` does, and compares the clocks by the `Date` of the reply (RFC 9110, section 6.6.1). */
export const fetchAndCompareClocks: typeof fetch = async (...request) => {
  const response = await fetch(...request)
  const date = Date.parse(response.headers.get('Date') ?? '')
  if (!Number.isNaN(date)) ahead = date - Date.now()
  return response
}

/** An instant of the server (RFC 3339) by the browser's clock, in milliseconds. It is never early: `Date` is cut to the second. */
export const byOwnClock = (instant: string) => Date.parse(instant) - ahead
