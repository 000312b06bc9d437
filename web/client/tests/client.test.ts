import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClient, type Client } from '../src/index'

type Reply = Response | Error | (() => Response)

/** Creates a server that gives one of the replies to each request, and records the requests. */
function server(...replies: Reply[]) {
  const fetch = vi.fn<typeof globalThis.fetch>(() => {
    const reply = replies.shift()
    if (!reply) throw new Error('one request too many')
    if (reply instanceof Error) return Promise.reject(reply)
    return Promise.resolve(typeof reply === 'function' ? reply() : reply)
  })
  const asked = () => fetch.mock.calls.map(([path, init]) => `${init?.method} ${String(path)}`)
  const header = (call: number, name: string) => new Headers(fetch.mock.calls[call]?.[1]?.headers).get(name)
  return { client: createClient({ fetch }), fetch, asked, header }
}

function problem(status: number, code: string, more: object = {}, headers: Record<string, string> = {}) {
  const body = { type: 'about:blank', title: code, status, code, detail: code, ...more }
  return Response.json(body, { status, headers: { 'Content-Type': 'application/problem+json', ...headers } })
}

function csrfCookie(value: string) {
  document.cookie = `csrftoken=${value}`
}

afterEach(() => {
  document.cookie = 'csrftoken=; Max-Age=0'
})

describe('the CSRF token', () => {
  it('is read anew at each unsafe request', async () => {
    const { client, header } = server(Response.json({}), Response.json({}))
    csrfCookie('first')
    await client.login({ email: 'ada@example.test', password: 'secret' })
    csrfCookie('second')
    await client.logout()
    expect(header(0, 'X-CSRFToken')).toBe('first')
    expect(header(1, 'X-CSRFToken')).toBe('second')
  })

  it('is not sent with a safe request', async () => {
    const { client, header } = server(Response.json({}))
    csrfCookie('first')
    await client.session()
    expect(header(0, 'X-CSRFToken')).toBeNull()
  })

  it('is fetched again after csrf_failed, and the request sent once more', async () => {
    const sessionWithFreshToken = () => {
      csrfCookie('fresh')
      return Response.json({})
    }
    const { client, asked, header } = server(problem(403, 'csrf_failed'), sessionWithFreshToken, Response.json({ detail: 'Success' }))
    csrfCookie('stale')
    const result = await client.login({ email: 'ada@example.test', password: 'secret' })
    expect(result).toEqual({ ok: true, data: { detail: 'Success' } })
    expect(asked()).toEqual(['POST /api/login/', 'GET /api/session/', 'POST /api/login/'])
    expect(header(2, 'X-CSRFToken')).toBe('fresh')
  })

  it('is fetched again only once', async () => {
    const { client, asked } = server(problem(403, 'csrf_failed'), Response.json({}), problem(403, 'csrf_failed', { hint: 'Origin' }))
    const result = await client.logout()
    expect(result).toMatchObject({ ok: false, problem: { code: 'csrf_failed', hint: 'Origin' } })
    expect(asked()).toHaveLength(3)
  })
})

describe('a problem', () => {
  it('is a value with code, errors and the request id', async () => {
    const errors = [{ field: 'email', code: 'required', detail: 'Enter your email address.' }]
    const { client } = server(problem(422, 'validation_failed', { errors }, { 'X-Request-Id': 'r-1' }))
    const result = await client.login({ email: '', password: '' })
    expect(result).toMatchObject({ ok: false, problem: { status: 422, code: 'validation_failed', errors, request_id: 'r-1' } })
  })

  it('has an empty list of errors when the reply has none', async () => {
    const { client } = server(problem(400, 'invalid_credentials'))
    const result = await client.login({ email: 'a', password: 'b' })
    expect(result).toMatchObject({ problem: { errors: [] } })
  })

  it('is `network` with status 0 when no reply arrives', async () => {
    const { client } = server(new TypeError('Failed to fetch'))
    expect(await client.session()).toMatchObject({ ok: false, problem: { code: 'network', status: 0 } })
  })

  it('is `unexpected` when a proxy answers with a page', async () => {
    const { client } = server(new Response('<h1>Bad Gateway</h1>', { status: 502, headers: { 'X-Request-Id': 'r-2' } }))
    expect(await client.session()).toMatchObject({ ok: false, problem: { code: 'unexpected', status: 502, request_id: 'r-2' } })
  })

  it('is `unexpected` when a captive portal answers 200 with a page', async () => {
    const { client } = server(new Response('<h1>Welcome to the hotel</h1>'))
    expect(await client.session()).toMatchObject({ ok: false, problem: { code: 'unexpected', status: 200 } })
  })

  it('is `aborted` when the caller ends the request', async () => {
    const { client } = server(new DOMException('ended', 'AbortError'))
    const controller = new AbortController()
    controller.abort()
    expect(await client.config({ signal: controller.signal })).toMatchObject({ ok: false, problem: { code: 'aborted' } })
  })
})

describe('blocked cookies', () => {
  it('are found out by the call that should have set one', async () => {
    const { client } = server(Response.json({ detail: 'CSRF cookie set' }))
    expect(await client.loginSetCookie()).toMatchObject({ ok: false, problem: { code: 'cookies_blocked' } })
  })

  it('are not blamed when the cookie is there', async () => {
    csrfCookie('first')
    const { client } = server(Response.json({ detail: 'CSRF cookie set' }))
    expect(await client.loginSetCookie()).toEqual({ ok: true, data: { detail: 'CSRF cookie set' } })
  })
})

describe('a session that has ended', () => {
  it('asks the handler, and a yes sends the request with its body again', async () => {
    const { client, fetch, asked } = server(problem(401, 'not_authenticated'), Response.json({ saved: true }))
    client.onNotAuthenticated(() => Promise.resolve(true))
    const result = await client.fetch('/api/notes/', { method: 'POST', body: { text: 'kept' } })
    expect(result).toEqual({ ok: true, data: { saved: true } })
    expect(asked()).toEqual(['POST /api/notes/', 'POST /api/notes/'])
    expect(fetch.mock.calls[1]?.[1]?.body).toBe('{"text":"kept"}')
  })

  it('is told to the caller when the handler says no, or there is none', async () => {
    const { client, asked } = server(problem(401, 'not_authenticated'), problem(401, 'not_authenticated'))
    expect(await client.profile()).toMatchObject({ problem: { code: 'not_authenticated' } })
    client.onNotAuthenticated(() => Promise.resolve(false))
    expect(await client.profile()).toMatchObject({ problem: { code: 'not_authenticated' } })
    expect(asked()).toHaveLength(2)
  })
})

it('puts the base URL before the path, and sends JSON only when there is a body', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(new Response(null, { status: 204 })))
  const client = createClient({ baseUrl: '/auth', fetch })
  expect(await client.fetch('/api/notes/7/', { method: 'DELETE' })).toEqual({ ok: true, data: undefined })
  expect(fetch.mock.calls[0]?.[0]).toBe('/auth/api/notes/7/')
  expect(new Headers(fetch.mock.calls[0]?.[1]?.headers).has('Content-Type')).toBe(false)
})

describe('proof of identity that is not fresh enough', () => {
  const change = { email: 'new@example.test' }

  it('is asked for, and the request is sent again with its body', async () => {
    const { client, asked, fetch } = server(problem(403, 'reauthentication_required'), Response.json({ detail: 'Sent' }, { status: 202 }))
    const prove = vi.fn(() => Promise.resolve(true))
    client.onReauthenticationRequired(prove)
    expect(await client.changeEmail(change.email)).toEqual({ ok: true, data: { detail: 'Sent' } })
    expect(prove).toHaveBeenCalledOnce()
    expect(asked()).toEqual(['POST /api/email/change/', 'POST /api/email/change/'])
    expect(fetch.mock.calls.map(([, init]) => init?.body)).toEqual([JSON.stringify(change), JSON.stringify(change)])
  })

  it('that is not given is told to the caller, and nothing is sent again', async () => {
    const { client, asked } = server(problem(403, 'reauthentication_required'))
    client.onReauthenticationRequired(() => Promise.resolve(false))
    expect(await client.changeEmail(change.email)).toMatchObject({ problem: { code: 'reauthentication_required' } })
    expect(asked()).toHaveLength(1)
  })

  it('is asked for once', async () => {
    const { client, asked } = server(problem(403, 'reauthentication_required'), problem(403, 'reauthentication_required'))
    client.onReauthenticationRequired(() => Promise.resolve(true))
    expect(await client.changeEmail(change.email)).toMatchObject({ problem: { code: 'reauthentication_required' } })
    expect(asked()).toHaveLength(2)
  })

  it('is asked for after a sign-in that was missing, too', async () => {
    const { client, asked } = server(
      problem(401, 'not_authenticated'),
      problem(403, 'reauthentication_required'),
      Response.json({ detail: 'Sent' }, { status: 202 }),
    )
    client.onNotAuthenticated(() => Promise.resolve(true))
    client.onReauthenticationRequired(() => Promise.resolve(true))
    expect(await client.changeEmail(change.email)).toMatchObject({ ok: true })
    expect(asked()).toHaveLength(3)
  })
})

describe('a call', () => {
  const calls: [string, object | undefined, (client: Client) => Promise<unknown>][] = [
    ['/api/signup/', { email: 'a@example.test', password: 'p' }, (client) => client.signup({ email: 'a@example.test', password: 'p' })],
    ['/api/signup/resend/', { email: 'a@example.test' }, (client) => client.resendSignup('a@example.test')],
    ['/api/email/verify/check/', { token: 't' }, (client) => client.checkEmailToken('t')],
    ['/api/email/verify/', { token: 't', password: 'p' }, (client) => client.verifyEmail({ token: 't', password: 'p' })],
    ['/api/email/verify/', { email: 'a@example.test', code: '1' }, (client) => client.verifyEmail({ email: 'a@example.test', code: '1' })],
    ['/api/password/reset/', { email: 'a@example.test' }, (client) => client.requestPasswordReset('a@example.test')],
    ['/api/password/reset/check/', { token: 't' }, (client) => client.checkPasswordResetToken('t')],
    ['/api/password/reset/confirm/', { token: 't', password: 'p' }, (client) => client.confirmPasswordReset({ token: 't', password: 'p' })],
    [
      '/api/password/change/',
      { current_password: 'c', new_password: 'n' },
      (client) => client.changePassword({ current_password: 'c', new_password: 'n' }),
    ],
    ['/api/reauthenticate/', { password: 'p' }, (client) => client.reauthenticate('p')],
    ['/api/email/change/', { email: 'a@example.test' }, (client) => client.changeEmail('a@example.test')],
    ['/api/email/change/confirm/', { token: 't' }, (client) => client.confirmEmailChange('t')],
    ['/api/password/set/', { new_password: 'n' }, (client) => client.setPassword('n')],
    ['/api/email/change/check/', { token: 't' }, (client) => client.checkEmailChangeToken('t')],
    ['/api/email/change/undo/check/', { token: 't' }, (client) => client.checkUndoToken('t')],
    ['/api/email/change/undo/', { token: 't' }, (client) => client.undoEmailChange('t')],
  ]

  const social: typeof calls = [
    [
      '/api/social/git%2Fhub/start/',
      { intent: 'link', return_to: '/account' },
      (client) => client.startSocial('git/hub', { intent: 'link', return_to: '/account' }),
    ],
    ['/api/social/github/', { code: 'c', state: 's' }, (client) => client.finishSocial('github', { code: 'c', state: 's' })],
    ['/api/social/link/', { password: 'p' }, (client) => client.linkSocial({ password: 'p' })],
    ['/api/social/link/', {}, (client) => client.linkSocial({})],
    ['/api/social/link/code/', undefined, (client) => client.sendLinkCode()],
    ['/api/social/email/', { email: 'a@example.test' }, (client) => client.tellSocialEmail('a@example.test')],
  ]

  it.each([...calls, ...social])('posts to %s, and puts nothing into the address', async (path, body, call) => {
    const { client, fetch, asked } = server(Response.json({ detail: 'Success' }))
    expect(await call(client)).toMatchObject({ ok: true })
    expect(asked()).toEqual([`POST ${path}`])
    expect(fetch.mock.calls[0]?.[1]?.body).toBe(body === undefined ? undefined : JSON.stringify(body))
  })

  it('names the identity that is to go in its path', async () => {
    const { client, asked } = server(Response.json({ detail: 'Success' }))
    await client.unlinkIdentity('0192/f0')
    expect(asked()).toEqual(['DELETE /api/social/identities/0192%2Ff0/'])
  })

  it('says in which language the page is at that moment', async () => {
    let language = 'en'
    const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(Response.json({})))
    const client = createClient({ fetch, language: () => language })
    await client.config()
    language = 'de'
    await client.requestPasswordReset('a@example.test')
    const languages = fetch.mock.calls.map(([, init]) => new Headers(init?.headers).get('Accept-Language'))
    expect(languages).toEqual(['en', 'de'])
  })
})
