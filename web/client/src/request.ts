/**
 * One request and what may have to happen before it succeeds: a fresh CSRF token, a sign-in, a proof of identity. The
 * request is then sent again as it was, its body included.
 */
import { dataOf, localProblem, problemOf, type ProblemCode, type Result } from './problem.js'

/** Where the server is, and how to reach it. */
export interface ClientOptions {
  /** Put before every path; empty when page and API share an origin, as they should. */
  baseUrl?: string
  /** Replaces the global `fetch`, for tests. */
  fetch?: typeof globalThis.fetch
  /** The language of the page at this moment, such as `de`: the mails that a request causes are written in it. */
  language?: () => string
}

/** Lets the caller end a request. */
export interface CallOptions {
  /** Aborting it resolves the call with the problem `aborted`. */
  signal?: AbortSignal
}

/** A request to any path of the same server, your own API included. */
export interface RequestOptions extends CallOptions {
  /** GET unless told. */
  method?: string
  /** Sent as JSON. */
  body?: unknown
  /** Added to the client's own. */
  headers?: Record<string, string>
}

/** Asked when a request is refused for the want of something: true, when it is there, sends that request once more. */
export type Remedy = (options: CallOptions) => Promise<boolean>

/** Sends requests, and knows whom to ask when one is refused. */
export interface Requester {
  /** Any path, with CSRF and problems handled. */
  send<Data>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Registers who is asked when a request is refused with this code; null takes it back. */
  remedy(code: ProblemCode, remedy: Remedy | null): void
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** Makes a requester. It holds no session: the browser's cookies do. */
export function createRequester(options: ClientOptions): Requester {
  const { baseUrl = '', language, fetch: send = (...request) => globalThis.fetch(...request) } = options

  async function attempt<Data>(path: string, init: RequestOptions): Promise<Result<Data>> {
    const method = (init.method ?? 'GET').toUpperCase()
    const headers: Record<string, string> = { Accept: 'application/json', ...init.headers }
    if (language) headers['Accept-Language'] = language()
    if (init.body !== undefined) headers['Content-Type'] = 'application/json'
    if (!SAFE_METHODS.includes(method)) headers['X-CSRFToken'] = csrfToken()
    const request: RequestInit = { method, headers, credentials: 'same-origin' }
    if (init.body !== undefined) request.body = JSON.stringify(init.body)
    if (init.signal) request.signal = init.signal
    try {
      const response = await send(baseUrl + path, request)
      return response.ok
        ? await dataOf<Data>(response)
        : { ok: false, problem: await problemOf(response) }
    } catch {
      const problem = init.signal?.aborted
        ? localProblem('aborted', 'The request was ended.')
        : localProblem('network', 'The server could not be reached.')
      return { ok: false, problem }
    }
  }

  // The order is the server's: it looks at the token first, then for a session, then at how fresh its proof is. Each is
  // tried once.
  const remedies = new Map<ProblemCode, Remedy | null>([
    [
      'csrf_failed',
      async (call) => {
        // The token has been changed by another tab, or never been there: the server sets it anew with this reply.
        await attempt('/api/session/', call)
        return true
      },
    ],
    ['not_authenticated', null],
    ['reauthentication_required', null],
  ])

  return {
    async send<Data>(path: string, init: RequestOptions = {}) {
      const call = init.signal ? { signal: init.signal } : {}
      let result = await attempt<Data>(path, init)
      for (const code of remedies.keys()) {
        if (result.ok || result.problem.code !== code) continue
        if (await remedies.get(code)?.(call)) result = await attempt<Data>(path, init)
      }
      return result
    },
    remedy: (code, remedy) => remedies.set(code, remedy),
  }
}

/** The CSRF token of this moment; it changes with every sign-in and sign-out, in any tab. */
export function csrfToken(): string {
  const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('csrftoken='))
  return cookie?.slice('csrftoken='.length) ?? ''
}
