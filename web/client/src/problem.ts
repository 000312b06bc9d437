import type { components } from './schema.js'

/** The codes that this version of the client knows: the server's, and its own. */
export type KnownProblemCode =
  | components['schemas']['KnownProblemCode']
  /** No reply arrived: the browser is offline, the name is not found, or the connection was refused. */
  | 'network'
  /** The caller's AbortSignal ended the request. */
  | 'aborted'
  /** The reply is not Cloakroom's: the error page of a proxy, a captive portal, or an error of your own API. */
  | 'unexpected'
  /** The server set a cookie, and the browser did not keep it. */
  | 'cookies_blocked'

/** The code of a problem. A newer server, or an API of your own, may send one that is not among the known ones. */
export type ProblemCode = KnownProblemCode | (string & {})

/** An error in one field of a request. */
export type FieldProblem = components['schemas']['Invalid']

/** An error as a value: the body of RFC 9457, with a stable `code` to branch on. */
export interface Problem {
  /** A URI for this kind of problem, or `about:blank`. */
  type: string
  /** A short name, the same for every occurrence. */
  title: string
  /** The HTTP status, or 0 when no reply arrived. */
  status: number
  /** The code to branch on, stable across releases. */
  code: ProblemCode
  /** One sentence for people. */
  detail: string
  /** The fields that are wrong, with `validation_failed`. */
  errors: FieldProblem[]
  /** The instant from which another attempt is allowed, with `rate_limited` (RFC 3339). */
  retry_at?: string
  /** A hint for developers, sent only by `cloakroom dev`. */
  hint?: string
  /** The id to quote to the operators of the server. */
  request_id?: string
  /** The body of an error reply that is not a problem of RFC 9457: parsed JSON, a text, or a Blob. */
  body?: unknown
}

/** The result of every call. Expected failures are values, never exceptions. */
export type Result<Data> = { ok: true; data: Data } | { ok: false; problem: Problem }

/** Creates a problem without a reply from Cloakroom. */
export function localProblem(code: KnownProblemCode, detail: string, status = 0): Problem {
  return { type: 'about:blank', title: detail, status, code, detail, errors: [] }
}

/** Reads the data of a successful reply, which must be JSON. */
export async function dataOf<Data>(response: Response): Promise<Result<Data>> {
  const text = await response.text()
  try {
    return { ok: true, data: (text === '' ? undefined : JSON.parse(text)) as Data }
  } catch {
    return { ok: false, problem: unexpected(response, text) }
  }
}

/** Reads the body of a reply: parsed JSON, a text, a Blob, or undefined when it is empty. */
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

/** Reads the problem of an error reply from any sender. */
export async function problemOf(response: Response): Promise<Problem> {
  const body = await bodyOf(response)
  if (!isProblem(body)) return unexpected(response, body)
  const isOurs = response.headers.get('Content-Type')?.includes('application/problem+json')
  // An error of your own API that has a code keeps its other fields.
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
