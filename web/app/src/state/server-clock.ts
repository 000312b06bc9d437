/** The milliseconds by which the server's clock is ahead of the browser's, by the newest reply. */
let ahead = 0

/** Calls `fetch` and compares the clocks by the `Date` of the reply (RFC 9110, section 6.6.1). */
export const fetchAndCompareClocks: typeof fetch = async (...request) => {
  const response = await fetch(...request)
  const date = Date.parse(response.headers.get('Date') ?? '')
  if (!Number.isNaN(date)) ahead = date - Date.now()
  return response
}

/** Converts an instant of the server (RFC 3339) to the browser's clock, in milliseconds. It is never early: `Date` has whole seconds. */
export const byOwnClock = (instant: string) => Date.parse(instant) - ahead
