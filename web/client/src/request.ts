/**
 * One request and what may have to happen before it succeeds: a fresh CSRF token, a sign-in, a proof of identity. The
 * request is then sent again as it was, its body included.
 */
import { isRepeatable, prepareBody } from './body.js'
import { createCsrfTokens, type CsrfTokens } from './csrf.js'
import { bodyOf, dataOf, localProblem, problemOf, type Problem, type ProblemCode, type Result } from './problem.js'
import type { Session } from './types.js'

/** Where the server is, and how to reach it. */
export interface ClientOptions {
  /** Put before every path; empty when page and API share an origin, as they should. */
  baseUrl?: string
  /** Replaces the global `fetch`, for tests. */
  fetch?: typeof globalThis.fetch
  /** The language of the page at this moment, such as `de`: the mails that a request causes are written in it. */
  language?: () => string
  /** The name of the CSRF cookie, when the server's `[cookies] csrf` is not `csrftoken`. The server tells it, too: this spares a request. */
  csrfCookie?: string
  /** The CSRF token of this moment, for programs without `document.cookie`, such as Node with a cookie jar of its own. */
  csrfToken?: () => string
}

/** Lets the caller end a request. */
export interface CallOptions {
  /** Aborting it resolves the call with the problem `aborted`. */
  signal?: AbortSignal
}

/** A request to any path of the same server, your own API included: as for `fetch`, and `body` may be any value. */
export interface RequestOptions extends Omit<RequestInit, 'body' | 'signal'>, CallOptions {
  /** What `fetch` knows is sent as it is (a string, FormData, URLSearchParams, Blob, buffers, streams), all else as JSON. */
  body?: unknown
}

/** Asked when a request is refused for the want of something: true, when it is there, sends that request once more. */
export type Remedy = (options: CallOptions) => Promise<boolean>

/** Sends requests, and knows whom to ask when one is refused. */
export interface Requester {
  /** A call of Cloakroom, whose replies are JSON. */
  call<Data>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Any path, with CSRF and problems handled, and any kind of reply. */
  send<Data>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Registers who is asked when a request is refused with this code; null takes it back. */
  remedy(code: ProblemCode, remedy: Remedy | null): void
  /** Whether this browser has a CSRF cookie. */
  hasToken(): boolean
}

/** Reads a reply that went well. */
type Reader<Data> = (response: Response) => Promise<Result<Data>>

/** What one try came to, and with which token. */
interface Tried<Data> {
  result: Result<Data>
  token?: string
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** Sends a request once, with this token or with the likeliest one. */
type Attempt = <Data>(path: string, init: RequestOptions, read: Reader<Data>, token?: string) => Promise<Tried<Data>>

function createAttempt(options: ClientOptions, tokens: CsrfTokens): Attempt {
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

/** Makes a requester. It holds no session: the browser's cookies do. */
export function createRequester(options: ClientOptions): Requester {
  const { baseUrl = '' } = options
  const tokens = createCsrfTokens(options.csrfCookie, options.csrfToken)
  const attempt = createAttempt(options, tokens)

  /** Tries with each token that the browser has, should there be several, until the server takes one. */
  async function attemptAll<Data>(path: string, init: RequestOptions, read: Reader<Data>): Promise<Result<Data>> {
    let tried = await attempt(path, init, read)
    if (isCode(tried.result, 'csrf_failed') && tried.token !== undefined && isRepeatable(init.body)) {
      // The token has been changed by another tab, or never been there: the server sets it anew.
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

  /** Whether a 401 means that nobody is signed in. Your own API may answer so for reasons of its own: then the server knows. */
  async function isSignedOut(path: string, problem: Problem, call: CallOptions): Promise<boolean> {
    if (problem.status !== 401 || problem.code === 'not_authenticated') return problem.code === 'not_authenticated'
    if (!isOurs(baseUrl + path, baseUrl)) return false
    const { result } = await attempt<Session>('/api/session/', call, dataOf)
    return result.ok && result.data.state === 'anonymous'
  }

  // The order is the server's: it looks for a session, then at how fresh its proof is. Each is tried once.
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
    hasToken: () => (tokens.read() ?? []).some((token) => token !== ''),
  }
}

/** Puts the token into the headers, unless they have one; null where there is none to be had. */
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

/** Whether a URL belongs to the server that this client is for: no other is sent the token. */
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
