/**
 * The CSRF token: the one cookie that a page reads, anew for each request, because it changes with every sign-in and
 * sign-out, in any tab.
 */

/** The name of the cookie unless the server says otherwise. */
const DEFAULT_NAME = 'csrftoken'
/** With this header the server names a cookie that is called otherwise (`[cookies]` of its configuration). */
const NAME_HEADER = 'X-CSRF-Cookie'
/** So many tokens of one name are tried; more are an attack, and end as `csrf_failed`. */
const MOST = 4

/** The tokens that this browser has. */
export interface CsrfTokens {
  /** Those to try, the likeliest first; null where there is no `document.cookie` to read. */
  read(): string[] | null
  /** Notes the token that the server has taken: of several it is tried first from now on. */
  prove(token: string): void
  /** Notes the cookie's name, if the reply tells it. */
  learn(response: Response): void
}

/** Reads the cookie of that name, or asks `given` instead, where a program has no `document.cookie`. */
export function createCsrfTokens(name = DEFAULT_NAME, given?: () => string): CsrfTokens {
  let cookie = name
  let proven = ''
  return {
    read() {
      if (given) return [given()]
      if (typeof document === 'undefined') return null
      const tokens = document.cookie
        .split(/; ?/)
        .filter((pair) => pair.startsWith(`${cookie}=`))
        .map((pair) => pair.slice(cookie.length + 1))
      // Another program of this host, or a sibling domain, may have set a cookie of that name as well.
      const distinct = [...new Set(tokens)].slice(0, MOST)
      return distinct.sort((one, other) => Number(other === proven) - Number(one === proven))
    },
    prove(token) {
      proven = token
    },
    learn(response) {
      cookie = response.headers.get(NAME_HEADER) ?? cookie
    },
  }
}
