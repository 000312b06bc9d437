import type { components } from './schema.js'

/** The codes that this version of the client knows: those of Cloakroom, and those that only this client makes. */
export type KnownProblemCode =
  | components['schemas']['KnownProblemCode']
  /** No reply arrived: offline, name not found, connection refused. */
  | 'network'
  /** The caller's AbortSignal ended the request. */
  | 'aborted'
  /** A reply that is not Cloakroom's: a proxy's error page, a captive portal, an error of your own API. */
  | 'unexpected'
  /** The server set a cookie, and the browser did not keep it. */
  | 'cookies_blocked'

/** What to branch on. A newer server, or an API of your own, may send a code that is not among the known ones. */
export type ProblemCode = KnownProblemCode | (string & {})

/** What is wrong with one field of a request. */
export type FieldProblem = components['schemas']['Invalid']

/** An error as a value: the body of RFC 9457, with a stable `code` to branch on. */
export interface Problem {
  /** A URI for this kind of problem, or `about:blank`. */
  type: string
  /** A few words, the same for every occurrence. */
  title: string
  /** The HTTP status, or 0 when no reply arrived. */
  status: number
  /** What to branch on; stable across releases. */
  code: ProblemCode
  /** One sentence for people. */
  detail: string
  /** The fields at fault, with `validation_failed`. */
  errors: FieldProblem[]
  /** From when on another try is looked at, with `rate_limited` (RFC 3339). */
  retry_at?: string
  /** For developers; only `cloakroom dev` sends it. */
  hint?: string
  /** What to quote to the people who run the server. */
  request_id?: string
  /** The body of an error reply that is no problem of RFC 9457: parsed JSON, a text, or a Blob. */
  body?: unknown
}

/** What every call resolves to; expected failures are values, never exceptions. */
export type Result<Data> = { ok: true; data: Data } | { ok: false; problem: Problem }

/** A problem that has no reply of Cloakroom behind it. */
export function localProblem(code: KnownProblemCode, detail: string, status = 0): Problem {
  return { type: 'about:blank', title: detail, status, code, detail, errors: [] }
}

/** Reads the data out of a reply that went well and has to be JSON. */
export async function dataOf<Data>(response: Response): Promise<Result<Data>> {
  const text = await response.text()
  try {
    return { ok: true, data: (text === '' ? undefined : JSON.parse(text)) as Data }
  } catch {
    return { ok: false, problem: unexpected(response, text) }
  }
}

/** Reads whatever a reply holds: parsed JSON, a text, a Blob, or undefined when it is empty. */
export async function bodyOf(response: Response): Promise<unknown> {
  const type = (response.headers.get('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isJson = type === 'application/json' || type.endsWith('+json')
  if (type !== '' && !isJson && !type.startsWith('text/')) {
    const blob = await response.blob()
    return blob.size === 0 ? undefined : blob
  }
  const text = await response.text()
  if (text === '') return undefined
  return type === '' || isJson ? jsonOrText(text) : text
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** Reads the problem out of an error reply, whoever sent it. */
export async function problemOf(response: Response): Promise<Problem> {
  const body = await bodyOf(response)
  if (!isProblem(body)) return unexpected(response, body)
  const isOurs = response.headers.get('Content-Type')?.includes('application/problem+json')
  // An error of your own API with a code keeps what else it says.
  const base = isOurs ? {} : { ...unexpected(response, body) }
  return { ...base, ...requestId(response), ...body, errors: Array.isArray(body.errors) ? body.errors : [] } as Problem
}

function unexpected(response: Response, body: unknown): Problem {
  const problem = localProblem('unexpected', 'The reply was not understood.', response.status)
  return { ...problem, ...requestId(response), ...(body === undefined ? {} : { body }) }
}

function requestId(response: Response): { request_id?: string } {
  const id = response.headers.get('X-Request-Id')
  return id ? { request_id: id } : {}
}

function isProblem(body: unknown): body is Partial<Problem> & { code: string } {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
}
