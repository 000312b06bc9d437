/**
 * The target after a sign-in. `next` comes from the address bar, so anybody may have written it: a link to our own sign-in page
 * must never lead to another site.
 */

const LONGEST = 2048

/**
 * Returns `next` if it is a path of this site, else null. The server has the same rule for `return_to`: one leading "/", and before
 * the "?" no "//", no backslash and no control character, neither plain nor percent-encoded.
 */
export function safeNext(next: unknown): string | null {
  if (typeof next !== 'string' || next.length > LONGEST || !next.startsWith('/')) return null
  const path = next.split(/[?#]/, 1)[0] ?? ''
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return null
  }
  // eslint-disable-next-line no-control-regex -- the expression looks for control characters
  const refused = /\/\/|\\|[\u0000-\u001f\u007f-\u009f]/
  return refused.test(path) || refused.test(decoded) ? null : next
}
