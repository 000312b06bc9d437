/** Bodies of requests. `fetch` gets what it can send itself; anything else becomes JSON. */

/** Returns whether `fetch` can send a body itself. */
function isNative(body: unknown): body is BodyInit {
  return (
    typeof body === 'string' ||
    body instanceof FormData ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    isStream(body)
  )
}

function isStream(body: unknown): boolean {
  return typeof ReadableStream !== 'undefined' && body instanceof ReadableStream
}

/** Converts a body for `fetch`. JSON gets its Content-Type, unless the headers have one. */
export function prepareBody(body: unknown, headers: Headers): BodyInit {
  if (isNative(body)) return body
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
  return JSON.stringify(body)
}

/** Returns whether a body can be sent twice; a stream cannot. */
export function isRepeatable(body: unknown): boolean {
  return !isStream(body)
}
