/**
 * Sends requests. One that is refused may need a fresh CSRF token, a sign-in or a proof of identity first; then it is sent again
 * unchanged, with its body.
 */
import { isRepeatable, prepareBody } from './body.js'
import { createCsrfTokens, type CsrfTokens } from './csrf.js'
import { bodyOf, dataOf, localProblem, problemOf, type Problem, type ProblemCode, type Result } from './problem.js'
import type { Session } from './types.js'

/** The options of a client. */
export interface ClientOptions {
  /** The prefix of every path. It is empty when page and API share an origin, as they should. */
  baseUrl?: string
  /** Replaces the global `fetch`, for tests. */
  fetch?: typeof globalThis.fetch
  /** Returns the current language of the page, such as `de`. Emails that a request causes are written in it. */
  language?: () => string
  /** The name of the CSRF cookie, if it is not `csrftoken`. The server tells it as well, so this only saves a request. */
  csrfCookie?: string
  /** Returns the current CSRF token, for programs without `document.cookie`, such as Node with a cookie jar. */
  csrfToken?: () => string
}

/** The options of a call. */
export interface CallOptions {
  /** Ends the call with the problem `aborted` when it is aborted. */
  signal?: AbortSignal
}

/** The options of a request to any path of the same server. They are those of `fetch`, but `body` may be any value. */
export interface RequestOptions extends Omit<RequestInit, 'body' | 'signal'>, CallOptions {
  /** The body. Strings, FormData, URLSearchParams, Blobs, buffers and streams are sent as they are, anything else as JSON. */
  body?: unknown
}

/** Gets what a refused request lacks, such as a sign-in. Resolves to true to send the request again. */
export type Remedy = (options: CallOptions) => Promise<boolean>

/** Sends requests, and asks a remedy when one is refused. */
export interface Requester {
  /** Calls Cloakroom's API, whose replies are JSON. */
  call<Data>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Requests any path, with any kind of reply. CSRF and problems are handled. */
  send<Data>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Registers the remedy for requests that are refused with a code; null removes it. */
  remedy(code: ProblemCode, remedy: Remedy | null): void
  /** Returns whether this browser has a CSRF cookie. */
  hasToken(): boolean
  /** Converts an instant of the server (RFC 3339) to the browser's clock, in milliseconds. */
  byOwnClock(instant: string): number
}

/** Reads a successful reply. */
type Reader<Data> = (response: Response) => Promise<Result<Data>>

/** The result of one attempt, and the token that it used. */
interface Tried<Data> {
  result: Result<Data>
  token?: string
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** Sends a request once, with the given token or the likeliest one. */
type Attempt = <Data>(path: string, init: RequestOptions, read: Reader<Data>, token?: string) => Promise<Tried<Data>>

/** The server's clock beside the browser's. */
interface Clock {
  /** The milliseconds by which the server's clock is ahead, by the newest reply. */
  ahead: number
}

/** Compares the clocks by the `Date` of a reply (RFC 9110, section 6.6.1). */
function compareClocks(clock: Clock, response: Response): void {
  const date = Date.parse(response.headers.get('Date') ?? '')
  if (!Number.isNaN(date)) clock.ahead = date - Date.now()
}

function createAttempt(options: ClientOptions, tokens: CsrfTokens, clock: Clock): Attempt {
  const { baseUrl = '', language, fetch: send = (...request) => globalThis.fetch(...request) } = options
  return async (path, init, read, preferred) => {
    const { body, signal, headers: own, ...rest } = init
    const headers = new Headers(own)
    const method = (init.method ?? 'GET').toUpperCase()
    const url = baseUrl + path
    const token = SAFE_METHODS.includes(method) || !isOurs(url, baseUrl) ? '' : addToken(headers, tokens, preferred)
    if (token === null) return { result: { ok: false, problem: noToken() } }
    if (!headers.has('Accept')) headers.set('Accept', 'application/json')
    if (language && !headers.has('Accept-Language')) headers.set('Accept-Language', language())
    const request: RequestInit = { credentials: 'same-origin', ...rest, method, headers }
    if (body !== undefined) request.body = prepareBody(body, headers)
    if (signal) request.signal = signal
    try {
      const response = await send(url, request)
      tokens.learn(response)
      compareClocks(clock, response)
      const result = response.ok ? await read(response) : { ok: false as const, problem: await problemOf(response) }
      return { result, token }
    } catch {
      const problem = signal?.aborted
        ? localProblem('aborted', 'The request was ended.')
        : localProblem('network', 'The server could not be reached.')
      return { result: { ok: false, problem } }
    }
  }
}

/** Creates a requester. It holds no session: the browser's cookies do. */
export function createRequester(options: ClientOptions): Requester {
  const { baseUrl = '' } = options
  const tokens = createCsrfTokens(options.csrfCookie, options.csrfToken)
  const clock: Clock = { ahead: 0 }
  const attempt = createAttempt(options, tokens, clock)

  /** Sends a request with each token that the browser has, until the server accepts one. */
  async function attemptAll<Data>(path: string, init: RequestOptions, read: Reader<Data>): Promise<Result<Data>> {
    let tried = await attempt(path, init, read)
    if (isCode(tried.result, 'csrf_failed') && tried.token !== undefined && isRepeatable(init.body)) {
      // Another tab has changed the token, or there never was one. The server sets a new one.
      await attempt('/api/session/', init.signal ? { signal: init.signal } : {}, dataOf)
      const known = tokens.read() ?? []
      for (const token of known.length > 0 ? known : ['']) {
        tried = await attempt(path, init, read, token)
        if (!isCode(tried.result, 'csrf_failed')) break
      }
    }
    if (tried.token && !isCode(tried.result, 'csrf_failed')) tokens.prove(tried.token)
    return tried.result
  }

  /** Returns whether a 401 means that nobody is signed in. Your own API may have other reasons for it, so Cloakroom is asked. */
  async function isSignedOut(path: string, problem: Problem, call: CallOptions): Promise<boolean> {
    if (problem.status !== 401 || problem.code === 'not_authenticated') return problem.code === 'not_authenticated'
    if (!isOurs(baseUrl + path, baseUrl)) return false
    const { result } = await attempt<Session>('/api/session/', call, dataOf)
    return result.ok && result.data.state === 'anonymous'
  }

  // In the server's order: first the session, then the age of its proof. Each remedy is tried once.
  const remedies = new Map<ProblemCode, Remedy | null>([
    ['not_authenticated', null],
    ['reauthentication_required', null],
  ])

  async function withRemedies<Data>(path: string, init: RequestOptions, read: Reader<Data>): Promise<Result<Data>> {
    const call = init.signal ? { signal: init.signal } : {}
    let result = await attemptAll(path, init, read)
    for (const [code, remedy] of remedies) {
      if (result.ok || !remedy || !isRepeatable(init.body)) continue
      const isMeant = code === 'not_authenticated' ? await isSignedOut(path, result.problem, call) : result.problem.code === code
      if (isMeant && (await remedy(call))) result = await attemptAll(path, init, read)
    }
    return result
  }

  return {
    call: <Data>(path: string, init: RequestOptions = {}) => withRemedies<Data>(path, init, dataOf),
    send: <Data>(path: string, init: RequestOptions = {}) =>
      withRemedies<Data>(path, init, async (response) => ({ ok: true, data: (await bodyOf(response)) as Data })),
    remedy: (code, remedy) => remedies.set(code, remedy),
    // It is never early: `Date` has whole seconds.
    byOwnClock: (instant) => Date.parse(instant) - clock.ahead,
    hasToken: () => (tokens.read() ?? []).some((token) => token !== ''),
  }
}

/** Adds the token to the headers, unless they have one. Returns the token, or null if there is none. */
function addToken(headers: Headers, tokens: CsrfTokens, preferred?: string): string | null | undefined {
  if (headers.has('X-CSRFToken')) return undefined
  const known = tokens.read()
  if (known === null) return null
  const token = preferred ?? known[0] ?? ''
  headers.set('X-CSRFToken', token)
  return token
}

function noToken(): Problem {
  const detail = 'There is no document.cookie to read the CSRF token from: give createClient({ csrfToken }) outside of a browser.'
  return localProblem('csrf_failed', detail)
}

/** Returns whether a URL belongs to this client's server. No other one gets the token. */
function isOurs(url: string, baseUrl: string): boolean {
  if (typeof location === 'undefined') return true
  const origin = (text: string) => new URL(text, location.href).origin
  try {
    return origin(url) === origin(baseUrl || '/')
  } catch {
    return true
  }
}

function isCode(result: Result<unknown>, code: ProblemCode): boolean {
  return !result.ok && result.problem.code === code
}
