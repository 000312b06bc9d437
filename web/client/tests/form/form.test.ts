import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { isEmail, isGiven } from '../../src/form/checks'
import { tellErrors } from '../../src/form/errors'
import { createForm, type FormInput } from '../../src/form/form'
import type { Problem, ProblemCode, Result } from '../../src/index'
import { createTexts } from '../../src/text/texts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T10:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

const texts = createTexts({}, () => ({ app: 'Acme', count: 10 }))
const places = { email: { id: 'the-email', label: 'Email' }, password: { id: 'the-password', label: 'Password' } }

const problem = (code: ProblemCode, more: Partial<Problem> = {}): Result<never> => ({
  ok: false,
  problem: { type: 'about:blank', title: '', status: 400, code, detail: 'From the server.', errors: [], ...more },
})

/** Creates a form with an address and a password. Its requests get these results, in order. */
function start(...results: Result<string>[]) {
  const send = vi.fn<(values: Record<'email' | 'password', string>) => Promise<Result<string>>>(() => {
    const result = results.shift()
    if (!result) throw new Error('one request too many')
    return Promise.resolve(result)
  })
  const done = vi.fn()
  const hide = vi.fn()
  const email: FormInput = { value: '', focus: vi.fn() }
  const password: FormInput = { value: '', focus: vi.fn(), hide }
  const form = createForm<'email' | 'password', string>({
    fields: {
      email: { check: isEmail },
      password: { check: isGiven, secret: true, texts: 'new_password' },
    },
    about: { invalid_credentials: 'password' },
    wording: { invalid_credentials: 'problems.wrong_password' },
    send,
    done,
    handled: (refused) => refused.code === 'signup_closed',
  })
  form.attach('email', email)
  form.attach('password', password)
  const type = (name: 'email' | 'password', value: string) => {
    ;(name === 'email' ? email : password).value = value
    form.edited(name)
  }
  const fill = (address: string, secret: string) => {
    type('email', address)
    type('password', secret)
  }
  const errors = () => tellErrors(form, texts, (name) => places[name])
  return { form, email, password, send, done, hide, fill, type, errors }
}

it('what is missing is found on submit, told in the order of the fields, and nothing is sent', async () => {
  const { form, send, errors } = start()
  expect(errors().items).toEqual([])
  await form.submit()
  expect(errors().items).toEqual([
    { text: 'Enter your email address.', field: 'the-email', label: 'Email' },
    { text: 'Choose a password.', field: 'the-password', label: 'Password' },
  ])
  expect(errors().above).toEqual(errors().items)
  expect(form.getSnapshot().focus).toEqual({ on: 'summary' })
  expect(send).not.toHaveBeenCalled()
})

it('while somebody corrects one field, no fault is found with another', async () => {
  const { form, type, errors } = start()
  type('password', 'secret')
  await form.submit()
  type('password', '')
  type('email', 'ann')
  expect(Object.keys(errors().fields)).toEqual(['email'])
  type('email', 'ann@example.test')
  expect(errors().items).toEqual([])
})

it('what the server says about a field stands there until it is edited', async () => {
  const wrong = [{ field: 'password', code: 'too_common', detail: 'From the server.' }]
  const { form, password, fill, type, errors } = start(problem('validation_failed', { status: 422, errors: wrong }))
  fill('ann@example.test', 'password123')
  await form.submit()
  expect(errors().fields.password).toContain('on the lists')
  expect(password.value).toBe('password123')
  type('password', 'password1234')
  expect(errors().items).toEqual([])
})

it('a code that we have no words for is told in the words of the server', async () => {
  const wrong = [{ field: 'password', code: 'seen_yesterday', detail: 'From the server.' }]
  const { form, fill, errors } = start(problem('validation_failed', { status: 422, errors: wrong }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().items).toEqual([{ text: 'From the server.', field: 'the-password', label: 'Password' }])
})

it('a problem about one field stands beside it, in the words of the page, and the secret is gone', async () => {
  const { form, email, password, fill, hide, errors } = start(problem('invalid_credentials'))
  fill('ann@example.test', 'wrong')
  await form.submit()
  expect(errors().fields).toEqual({ password: 'This password is not correct.' })
  expect(form.getSnapshot().focus).toEqual({ on: 'password' })
  expect(hide).toHaveBeenCalledOnce()
  expect([email.value, password.value]).toEqual(['ann@example.test', ''])
})

it('a request that never got there keeps everything', async () => {
  const { form, password, fill, errors } = start(problem('network', { status: 0 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().items[0]?.text).toContain("Can't reach Acme")
  expect(password.value).toBe('secret')
})

it('a problem that the page tells in its own way is not told twice', async () => {
  const { form, fill, errors } = start(problem('signup_closed', { status: 403 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().items).toEqual([])
  expect(form.getSnapshot().focus).toBeNull()
})

it('who cancels the proof of identity finds the form unchanged', async () => {
  const { form, email, password, fill, errors } = start(problem('reauthentication_required', { status: 403 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().items).toEqual([])
  expect([email.value, password.value]).toEqual(['ann@example.test', 'secret'])
})

it('a wait that the server asks for counts down, and ends with leave to try again', async () => {
  const { form, fill, errors } = start(problem('rate_limited', { status: 429, retry_at: '2026-01-01T10:01:30Z' }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().items[0]).toEqual({
    text: 'Too many attempts. Try again in 1:30.',
    spoken: 'Too many attempts. Try again in 2 minutes.',
  })
  await vi.advanceTimersByTimeAsync(31_000)
  expect(errors().items[0]?.text).toBe('Too many attempts. Try again in 0:59.')
  expect(form.getSnapshot().mayTryAgain).toBe(false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(errors().items).toEqual([])
  expect(form.getSnapshot().mayTryAgain).toBe(true)
})

it('a wait that is over already is told without a clock', async () => {
  const { form, fill, errors } = start(problem('rate_limited', { status: 429, retry_at: '2026-01-01T09:00:00Z' }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().above).toEqual([{ text: 'Too many attempts. Try again in a few minutes.', hint: undefined }])
})

it('hands over what came back, and can be put back to how it was', async () => {
  const { form, done, email, fill, send } = start({ ok: true, data: 'here' })
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(send.mock.calls[0]?.[0]).toEqual({ email: 'ann@example.test', password: 'secret' })
  expect(done).toHaveBeenCalledWith('here')
  form.reset()
  expect(email.value).toBe('')
})

it('finding U5: one wrong field is told at that field alone, which gets the focus', async () => {
  const { form, fill, errors } = start()
  fill('ann', 'secret')
  await form.submit()
  expect(Object.keys(errors().fields)).toEqual(['email'])
  expect(errors().above).toEqual([])
  expect(form.getSnapshot().focus).toEqual({ on: 'email' })
})

it('finding U5: a problem that is about no field is told above the form, with the id to quote', async () => {
  const { form, fill, errors } = start(problem('internal', { status: 500, request_id: 'request-7' }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(errors().fields).toEqual({})
  expect(errors().above).toHaveLength(1)
  expect(errors().requestId).toBe('request-7')
  expect(form.getSnapshot().focus).toEqual({ on: 'summary' })
})

it('finding N13: a field that was filled without an event is read at submit', async () => {
  const { form, send, email, password, errors } = start({ ok: true, data: 'here' })
  email.value = 'ann@example.test'
  password.value = 'secret'
  await form.submit()
  expect(errors().items).toEqual([])
  expect(send).toHaveBeenCalledOnce()
})
