/**
 * The CSRF token. It is the one cookie that a page reads, and it is read for each request, because every sign-in and sign-out in any
 * tab changes it.
 */

/** The default name of the cookie. */
const DEFAULT_NAME = 'csrftoken'
/** The header by which the server tells another name (`[cookies]` in its configuration). */
const NAME_HEADER = 'X-CSRF-Cookie'
/** The most tokens of one name that are tried. More are an attack, and end as `csrf_failed`. */
const MOST = 4

/** The CSRF tokens of this browser. */
export interface CsrfTokens {
  /** Returns the tokens to try, the likeliest first; null where there is no `document.cookie`. */
  read(): string[] | null
  /** Notes a token that the server has accepted, to try it first from now on. */
  prove(token: string): void
  /** Notes the name of the cookie, if the reply tells it. */
  learn(response: Response): void
}

/** Reads the tokens from the cookie of that name, or from `given` for a program without `document.cookie`. */
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
      // Another program on this host, or a sibling domain, may have set a cookie of the same name.
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
