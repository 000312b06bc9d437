/**
 * Where to go after a sign-in. `next` comes from the address bar, so anybody can have written it: a link to our own
 * sign-in page must never end on somebody else's site.
 */

const LONGEST = 2048

/**
 * Gives back `next` if it is a path of this site, else null. The rule is the server's for `return_to`: one leading "/",
 * and before the "?" no "//", no backslash and no control character, neither plain nor percent-encoded.
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
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const refused = /\/\/|\\|[\u0000-\u001f\u007f-\u009f]/
  return refused.test(path) || refused.test(decoded) ? null : next
}
