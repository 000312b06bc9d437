import { afterEach, expect, test, vi } from 'vitest'
import { createClient, timeoutSignal } from '../src/index'

type Reply = Response | (() => Response)

/** Creates a server that gives one of the replies to each request. */
function server(...replies: Reply[]) {
  const fetch = vi.fn<typeof globalThis.fetch>(() => {
    const reply = replies.shift()
    if (!reply) throw new Error('one request too many')
    return Promise.resolve(typeof reply === 'function' ? reply() : reply)
  })
  const asked = () => fetch.mock.calls.map(([path, init]) => `${init?.method} ${String(path)}`)
  const sent = (call = 0) => new Request('http://localhost/', { ...fetch.mock.calls[call]?.[1], method: 'POST', signal: null })
  const header = (name: string, call = 0) => new Headers(fetch.mock.calls[call]?.[1]?.headers).get(name)
  return { client: createClient({ fetch }), fetch, asked, sent, header }
}

const problem = (status: number, code: string) =>
  Response.json({ type: 'about:blank', title: code, status, code, detail: code }, { status, headers: { 'Content-Type': 'application/problem+json' } })

const session = (state: 'anonymous' | 'authenticated') => Response.json({ state, user: null })

const html = (status: number) => new Response('<h1>No</h1>', { status, headers: { 'Content-Type': 'text/html' } })

afterEach(() => {
  vi.unstubAllGlobals()
  for (const name of ['csrftoken', 'ck_csrf']) document.cookie = `${name}=; Max-Age=0`
})

test('finding V5: FormData, URLSearchParams, buffers and texts are sent as fetch sends them', async () => {
  const form = new FormData()
  form.append('note', 'a')
  const bodies: [unknown, string | null][] = [
    [form, null],
    [new URLSearchParams({ note: 'a' }), null],
    [new Blob(['a'], { type: 'image/png' }), null],
    [new Uint8Array([1, 2]), null],
    ['plain', null],
    [{ note: 'a' }, 'application/json'],
    [['a'], 'application/json'],
    [null, 'application/json'],
  ]
  for (const [body, type] of bodies) {
    const { client, fetch, header } = server(Response.json({}))
    await client.fetch('/api/notes/', { method: 'POST', body })
    const passed = fetch.mock.calls[0]?.[1]?.body
    if (type === null) expect(passed).toBe(body)
    else expect(passed).toBe(JSON.stringify(body))
    // `fetch` derives a boundary or a charset from the body itself.
    expect(header('Content-Type')).toBe(type)
    expect(header('X-CSRFToken')).toBe('')
  }
})

test('finding V5: the caller says the Content-Type and every other header', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(Response.json({})))
  const client = createClient({ fetch, language: () => 'de' })
  const own = { 'content-type': 'application/merge-patch+json', accept: 'text/csv', 'Accept-Language': 'fr', 'X-Own': '1' }
  for (const headers of [own, Object.entries(own) as [string, string][], new Headers(own)]) {
    await client.fetch('/api/notes/7/', { method: 'PATCH', headers, body: { note: null }, cache: 'no-store', keepalive: true })
    const init = fetch.mock.lastCall?.[1]
    const sent = new Headers(init?.headers)
    for (const [name, value] of Object.entries(own)) expect(sent.get(name)).toBe(value)
    expect(init).toMatchObject({ cache: 'no-store', keepalive: true, credentials: 'same-origin', body: '{"note":null}' })
  }
})

test('finding V5: a reply that is not JSON is kept', async () => {
  const { client } = server(
    new Response('a,b', { headers: { 'Content-Type': 'text/csv' } }),
    new Response(new Uint8Array([1, 2, 3]), { headers: { 'Content-Type': 'application/pdf' } }),
    new Response('{"a":1}', { headers: { 'Content-Type': 'application/vnd.api+json' } }),
    new Response(null, { status: 204 }),
    new Response('{broken', { headers: { 'Content-Type': 'application/json' } }),
  )
  expect(await client.fetch('/shop/export/')).toEqual({ ok: true, data: 'a,b' })
  const pdf = await client.fetch<Blob>('/shop/invoice/')
  expect(pdf.ok && pdf.data.size).toBe(3)
  expect(await client.fetch('/shop/items/')).toEqual({ ok: true, data: { a: 1 } })
  expect(await client.fetch('/shop/items/7/')).toEqual({ ok: true, data: undefined })
  expect(await client.fetch('/shop/items/8/')).toEqual({ ok: true, data: '{broken' })
})

test('finding V5: an error of another API keeps its body', async () => {
  const { client } = server(
    Response.json({ error: 'quota' }, { status: 402 }),
    Response.json({ code: 'E42', message: 'Full' }, { status: 409 }),
    html(500),
    Response.json([{ code: 7 }], { status: 400 }),
  )
  expect(await client.fetch('/shop/')).toMatchObject({ ok: false, problem: { code: 'unexpected', status: 402, body: { error: 'quota' } } })
  const coded = await client.fetch('/shop/')
  expect(coded).toMatchObject({ problem: { code: 'E42', status: 409, errors: [], body: { message: 'Full' } } })
  expect(coded.ok || coded.problem.detail).toBeTypeOf('string')
  expect(await client.fetch('/shop/')).toMatchObject({ problem: { code: 'unexpected', status: 500, body: '<h1>No</h1>' } })
  expect(await client.fetch('/shop/')).toMatchObject({ problem: { code: 'unexpected', status: 400, body: [{ code: 7 }] } })
})

test('finding V5: a 401 of another API asks the server, and is a signed-out session only if that says so', async () => {
  const remedy = vi.fn(() => Promise.resolve(true))
  const gone = server(html(401), session('anonymous'), Response.json({ saved: true }))
  gone.client.onNotAuthenticated(remedy)
  expect(await gone.client.fetch('/shop/orders/', { method: 'POST', body: { a: 1 } })).toEqual({ ok: true, data: { saved: true } })
  expect(gone.asked()).toEqual(['POST /shop/orders/', 'GET /api/session/', 'POST /shop/orders/'])
  expect(remedy).toHaveBeenCalledOnce()

  const own = server(Response.json({ error: 'api key' }, { status: 401 }), session('authenticated'))
  own.client.onNotAuthenticated(remedy)
  expect(await own.client.fetch('/shop/orders/')).toMatchObject({ problem: { code: 'unexpected', status: 401, body: { error: 'api key' } } })
  expect(own.asked()).toEqual(['GET /shop/orders/', 'GET /api/session/'])
  expect(remedy).toHaveBeenCalledOnce()

  const nobody = server(html(401))
  expect(await nobody.client.fetch('/shop/')).toMatchObject({ problem: { status: 401 } })
})

test('finding V5: another origin is neither sent the token nor asked about', async () => {
  vi.stubGlobal('location', new URL('https://app.example.com/'))
  document.cookie = 'csrftoken=secret'
  const { client, asked, header } = server(html(401), Response.json({}))
  client.onNotAuthenticated(() => Promise.resolve(true))
  await client.fetch('https://elsewhere.example/hook/', { method: 'POST' })
  expect(asked()).toHaveLength(1)
  expect(header('X-CSRFToken')).toBeNull()
  await client.fetch('https://app.example.com/api/notes/', { method: 'POST' })
  expect(header('X-CSRFToken', 1)).toBe('secret')
})

test('finding V5: a stream is sent once, because it cannot be sent again', async () => {
  const { client, asked } = server(problem(403, 'csrf_failed'))
  const body = new ReadableStream()
  expect(await client.fetch('/api/notes/', { method: 'POST', body })).toMatchObject({ problem: { code: 'csrf_failed' } })
  expect(asked()).toEqual(['POST /api/notes/'])
})

test('finding N16: of several csrftoken the one that the server takes is found, and tried first from then on', async () => {
  vi.spyOn(document, 'cookie', 'get').mockReturnValue('csrftoken=planted; other=1; csrftoken=ours')
  const fetch = vi.fn<typeof globalThis.fetch>((path, init) => {
    if (String(path) === '/api/session/') return Promise.resolve(session('anonymous'))
    const token = new Headers(init?.headers).get('X-CSRFToken')
    return Promise.resolve(token === 'ours' ? Response.json({ detail: 'Success' }) : problem(403, 'csrf_failed'))
  })
  const client = createClient({ fetch })
  expect(await client.login({ email: 'a', password: 'b' })).toMatchObject({ ok: true })
  expect(fetch.mock.calls.length).toBeLessThanOrEqual(4)
  fetch.mockClear()
  expect(await client.logout()).toMatchObject({ ok: true })
  expect(fetch).toHaveBeenCalledOnce()
})

test('finding N16: without a document a call is a problem that says what to do, or takes the token it is given', async () => {
  vi.stubGlobal('document', undefined)
  vi.stubGlobal('location', undefined)
  const { client, fetch } = server(session('anonymous'), Response.json({}))
  const result = await client.login({ email: 'a', password: 'b' })
  expect(result).toMatchObject({ ok: false, problem: { code: 'csrf_failed', status: 0 } })
  expect(result.ok || result.problem.detail).toMatch(/csrfToken/)
  expect(fetch).not.toHaveBeenCalled()
  expect(await client.session()).toMatchObject({ ok: true })
  await client.fetch('/api/notes/', { method: 'POST', headers: { 'X-CSRFToken': 'mine' } })
  const given = createClient({ fetch: () => Promise.resolve(Response.json({ detail: 'Success' })), csrfToken: () => 'from-a-jar' })
  expect(await given.login({ email: 'a', password: 'b' })).toMatchObject({ ok: true })
})

test('finding N16: a browser without AbortSignal.timeout waits no longer than others', async () => {
  vi.useFakeTimers()
  vi.spyOn(AbortSignal, 'timeout')
  Object.assign(AbortSignal, { timeout: undefined })
  const signal = timeoutSignal(1000)
  expect(signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1000)
  expect(signal.aborted).toBe(true)
  vi.useRealTimers()
})

test('finding V2: the server tells how its CSRF cookie is called', async () => {
  document.cookie = 'csrftoken=of-django'
  document.cookie = 'ck_csrf=ours'
  const named = () => new Response('{}', { headers: { 'Content-Type': 'application/json', 'X-CSRF-Cookie': 'ck_csrf' } })
  const { client, header } = server(named, named, named)
  await client.config()
  await client.logout()
  expect(header('X-CSRFToken', 1)).toBe('ours')
  const told = createClient({ fetch: vi.fn(() => Promise.resolve(Response.json({}))), csrfCookie: 'ck_csrf' })
  expect(await told.loginSetCookie()).toMatchObject({ ok: true })
})

test('finding V10: a code of tomorrow is told as it is', async () => {
  const { client } = server(problem(418, 'invented_tomorrow'))
  expect(await client.session()).toMatchObject({ ok: false, problem: { code: 'invented_tomorrow', status: 418, detail: 'invented_tomorrow' } })
})
