import { createClient, type Client, type User } from '../src/index'

/** Creates a user. */
export function person(email: string): User {
  return {
    id: `id-of-${email}`,
    email,
    is_staff: false,
    is_superuser: false,
    date_joined: '2026-01-02T03:04:05Z',
    has_password: true,
  }
}

/** The end of every session on this server. */
export const EXPIRES_AT = '2026-12-01T00:00:00Z'

/** The server for one browser, whose tabs share a session. The client is the real one. */
export class Server {
  /** The user of the browser's session. */
  user: User | null = null
  /** True while no request arrives. */
  unreachable = false
  /** True while every answer is 503. */
  unavailable = false
  /** The time by the server's clock, where it is not the browser's. */
  date: Date | null = null
  /** The reply of this server at `GET /api/config/`. */
  config = {
    app: { name: 'Acme' },
    signup: { mode: 'open' },
    password: { min_length: 10, max_length: 256 },
    providers: [] as { id: string; name: string }[],
  }
  /** Replies in place of the usual ones, by request. Each gets the body. */
  replies: Record<string, (body: Record<string, string>) => Response> = {}
  /** The bodies of requests, by request. */
  bodies: Record<string, unknown> = {}
  /** The requests so far, such as "POST /api/logout/". */
  asked: string[] = []
  private held: Promise<void> | null = null

  /** The clients so far. */
  clients: Client[] = []

  /** Creates a client, as each tab has one. */
  client(): Client {
    const client = createClient({ fetch: (path, init) => this.handle(`${init?.method} ${String(path)}`, init) })
    this.clients.push(client)
    return client
  }

  /** Holds the reply to the next request until the returned function is called. */
  holdNextReply(): () => void {
    let release = () => {}
    this.held = new Promise((resolve) => {
      release = resolve
    })
    return () => release()
  }

  private async handle(request: string, init?: RequestInit): Promise<Response> {
    this.asked.push(request)
    if (this.unreachable) throw new TypeError('Failed to fetch')
    const response = this.unavailable ? problem(503, 'unavailable') : this.reply(request, init)
    if (this.date) response.headers.set('Date', this.date.toUTCString())
    const held = this.held
    this.held = null
    await held
    return response
  }

  private reply(request: string, init?: RequestInit): Response {
    const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : {}
    this.bodies[request] = body
    const own = this.replies[request]
    if (own) return own(body as Record<string, string>)
    switch (request) {
      case 'GET /api/config/':
        return Response.json(this.config)
      case 'GET /api/login-set-cookie/':
        document.cookie = 'csrftoken=token'
        return Response.json({ detail: 'CSRF cookie set' })
      case 'GET /api/session/':
        return Response.json({ state: this.user ? 'authenticated' : 'anonymous', user: this.user, expires_at: this.user && EXPIRES_AT })
      case 'POST /api/login/': {
        const { email, password } = JSON.parse(String(init?.body)) as { email: string; password: string }
        if (password !== 'right') return problem(400, 'invalid_credentials')
        this.user = person(email)
        return Response.json({ detail: 'Success', next: 'done', user: this.user })
      }
      case 'POST /api/social/github/': {
        const { code } = JSON.parse(String(init?.body)) as { code: string }
        if (code === 'unknown') return Response.json({ detail: 'success', result: 'link_required', return_to: '/' })
        this.user = person(code)
        return Response.json({ detail: 'success', result: 'signed_in', return_to: '/', user: this.user })
      }
      case 'POST /api/email/verify/': {
        const { token } = JSON.parse(String(init?.body)) as { token: string }
        this.user = person(token)
        return Response.json({ detail: 'Success', next: 'done', user: this.user })
      }
      case 'POST /api/logout/':
        this.user = null
        return Response.json({ detail: 'Logout Successful' })
      case 'POST /api/logout/all/':
        if (!this.user) return problem(401, 'not_authenticated')
        this.user = null
        return Response.json({ detail: 'Logout Successful' })
      default:
        return this.user ? Response.json({ body: init?.body ?? null }) : problem(401, 'not_authenticated')
    }
  }
}

/** Creates a reply that is a problem. */
export function problem(status: number, code: string, more: object = {}): Response {
  return Response.json({ type: 'about:blank', title: code, status, code, detail: code, ...more }, { status })
}
