/**
 * Talk to Cloakroom from a browser. No framework, no state, no exceptions for what can be expected.
 *
 * Credentials live in HttpOnly cookies that this code cannot see. The one cookie it reads is the CSRF token, and it reads
 * that at each request: the token changes with every sign-in and sign-out, in any tab.
 */
import { dataOf, localProblem, problemOf, type Result } from './problem'
import type { components } from './schema'

export type { FieldProblem, Problem, ProblemCode, Result } from './problem'

type Schemas = components['schemas']

/** Somebody who has an account. */
export type User = Schemas['User']
/** What `GET /api/users/profile/` tells. */
export type Profile = Schemas['Profile']
/** Who this browser is to the server. */
export type Session = Schemas['SessionView']
/** What a page needs to know before anybody has signed in. */
export type Config = Schemas['ConfigView']
/** What a person types to sign in. */
export type Credentials = Required<Schemas['Credentials']>
/** The reply to a sign-in, and what comes next. */
export type LoginReply = Schemas['LoggedIn']
/** A reply that only says that it worked. */
export type Detail = Schemas['Detail']

/** Where the server is, and how to reach it. */
export interface ClientOptions {
  /** Put before every path; empty when page and API share an origin, as they should. */
  baseUrl?: string
  /** Replaces the global `fetch`, for tests. */
  fetch?: typeof globalThis.fetch
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

/** Asked when a request meets `not_authenticated`: true sends that request once more. */
export type NotAuthenticatedHandler = () => Promise<boolean>

/** Every call that the pages make. */
export interface Client {
  /** Any path, with CSRF and problems handled. */
  fetch<Data = unknown>(path: string, init?: RequestOptions): Promise<Result<Data>>
  /** Who this browser is to the server; never fails for being signed out. */
  session(options?: CallOptions): Promise<Result<Session>>
  /** The app's name, whether people may sign up, the password rules, the providers. */
  config(options?: CallOptions): Promise<Result<Config>>
  /** Has the server set the CSRF cookie, before the first sign-in; `cookies_blocked` when the browser drops it. */
  loginSetCookie(options?: CallOptions): Promise<Result<Detail>>
  /** Signs in with an email address and a password. */
  login(credentials: Credentials, options?: CallOptions): Promise<Result<LoginReply>>
  /** Ends this browser's session; works with a dead one, too. */
  logout(options?: CallOptions): Promise<Result<Detail>>
  /** Ends every session of the user. */
  logoutAll(options?: CallOptions): Promise<Result<Detail>>
  /** The signed-in user's profile; `not_authenticated` without a session. */
  profile(options?: CallOptions): Promise<Result<Profile>>
  /** Registers the one who is asked when a session turns out to have ended; null takes it back. */
  onNotAuthenticated(handler: NotAuthenticatedHandler | null): void
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** Makes a client. It holds no session: the browser's cookies do. */
export function createClient(options: ClientOptions = {}): Client {
  const { baseUrl = '', fetch: send = (...request) => globalThis.fetch(...request) } = options
  let askToSignIn: NotAuthenticatedHandler | null = null

  async function attempt<Data>(path: string, init: RequestOptions): Promise<Result<Data>> {
    const method = (init.method ?? 'GET').toUpperCase()
    const headers: Record<string, string> = { Accept: 'application/json', ...init.headers }
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

  async function request<Data>(path: string, init: RequestOptions = {}): Promise<Result<Data>> {
    let result = await attempt<Data>(path, init)
    if (!result.ok && result.problem.code === 'csrf_failed') {
      // The token has been changed by another tab, or never been there: the server sets it anew with this reply.
      await attempt('/api/session/', init.signal ? { signal: init.signal } : {})
      result = await attempt<Data>(path, init)
    }
    if (!result.ok && result.problem.code === 'not_authenticated' && askToSignIn && (await askToSignIn())) {
      result = await attempt<Data>(path, init)
    }
    return result
  }

  const post = <Data>(path: string, call: CallOptions = {}, body?: unknown) =>
    request<Data>(path, { ...call, method: 'POST', body })

  return {
    fetch: request,
    session: (call) => request('/api/session/', call),
    config: (call) => request('/api/config/', call),
    loginSetCookie: async (call) => {
      const result = await request<Detail>('/api/login-set-cookie/', call)
      if (!result.ok || csrfToken() !== '') return result
      return { ok: false, problem: localProblem('cookies_blocked', 'This browser does not keep cookies.', 200) }
    },
    login: ({ email, password }, call) => post('/api/login/', call, { email, password }),
    logout: (call) => post('/api/logout/', call),
    logoutAll: (call) => post('/api/logout/all/', call),
    profile: (call) => request('/api/users/profile/', call),
    onNotAuthenticated: (handler) => {
      askToSignIn = handler
    },
  }
}

function csrfToken(): string {
  const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('csrftoken='))
  return cookie?.slice('csrftoken='.length) ?? ''
}
