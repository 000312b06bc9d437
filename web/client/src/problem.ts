import type { components } from './schema.js'

/** Every code that a reply of Cloakroom can carry, and those that only this client makes. */
export type ProblemCode =
  | components['schemas']['ProblemCode']
  /** No reply arrived: offline, name not found, connection refused. */
  | 'network'
  /** The caller's AbortSignal ended the request. */
  | 'aborted'
  /** A reply that is not Cloakroom's: a proxy's error page, a captive portal. */
  | 'unexpected'
  /** The server set a cookie, and the browser did not keep it. */
  | 'cookies_blocked'

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
}

/** What every call resolves to; expected failures are values, never exceptions. */
export type Result<Data> = { ok: true; data: Data } | { ok: false; problem: Problem }

/** A problem that has no reply of Cloakroom behind it. */
export function localProblem(
  code: 'network' | 'aborted' | 'unexpected' | 'cookies_blocked',
  detail: string,
  status = 0,
): Problem {
  return { type: 'about:blank', title: detail, status, code, detail, errors: [] }
}

/** Reads the data out of a reply that went well. */
export async function dataOf<Data>(response: Response): Promise<Result<Data>> {
  const text = await response.text()
  try {
    return { ok: true, data: (text === '' ? undefined : JSON.parse(text)) as Data }
  } catch {
    return { ok: false, problem: await problemOf(new Response(null, response)) }
  }
}

/** Reads the problem out of an error reply, whoever sent it. */
export async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get('X-Request-Id') ?? undefined
  const body: unknown = await response.json().catch(() => null)
  const problem: Problem = isProblem(body)
    ? { ...body, errors: body.errors ?? [] }
    : localProblem('unexpected', 'The reply was not understood.', response.status)
  return requestId ? { request_id: requestId, ...problem } : problem
}

function isProblem(body: unknown): body is Omit<Problem, 'errors'> & { errors?: FieldProblem[] } {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string'
}
