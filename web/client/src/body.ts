/** Bodies of requests: what `fetch` takes is left to it, all else becomes JSON. */

/** Whether `fetch` knows how to send this. */
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

/** The body as `fetch` takes it. JSON gets its Content-Type, unless the headers have one. */
export function prepareBody(body: unknown, headers: Headers): BodyInit {
  if (isNative(body)) return body
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
  return JSON.stringify(body)
}

/** Whether a body can be sent a second time; a stream is gone after the first. */
export function isRepeatable(body: unknown): boolean {
  return !isStream(body)
}
