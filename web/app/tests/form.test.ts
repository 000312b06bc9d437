import type { Problem, ProblemCode, Result } from '@cloakroom/client'
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, ref, type Ref } from 'vue'
import * as checks from '../src/composables/checks'
import { useForm, type Form } from '../src/composables/form'
import { english } from './english'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T10:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

const problem = (code: ProblemCode, more: Partial<Problem> = {}): Result<never> => ({
  ok: false,
  problem: { type: 'about:blank', title: '', status: 400, code, detail: 'From the server.', errors: [], ...more },
})

/** Creates a field as on a page, with its own `read`. */
const field = (id: string, label: string, read: () => void) => ({ id, label: () => label, focus: vi.fn(), read })

/** Creates a form with an address and a password. Its requests get these results, in order. */
function start(...results: Result<string>[]) {
  const email = ref('')
  const password = ref('')
  const send = vi.fn(() => {
    const result = results.shift()
    if (!result) throw new Error('one request too many')
    return Promise.resolve(result)
  })
  const done = vi.fn()
  const handled = vi.fn((refused: Problem) => refused.code === 'signup_closed')
  const hide = vi.fn()
  /** Values that the fields got without an event. */
  const onPage: Partial<Record<'email' | 'password', (value: Ref<string>) => void>> = {}
  const emailField = field('the-email', 'Email', () => onPage.email?.(email))
  let form: Form<'email' | 'password'> | undefined
  const component = defineComponent({
    setup() {
      form = useForm({
        fields: {
          email: { value: email, check: checks.email, at: ref(emailField) },
          password: {
            value: password,
            check: checks.required,
            at: ref({ ...field('the-password', 'Password', () => onPage.password?.(password)), hide }),
            secret: true,
            texts: 'new_password',
          },
        },
        about: { invalid_credentials: 'password' },
        wording: { invalid_credentials: 'problems.wrong_password' },
        send,
        done,
        handled,
      })
      return () => null
    },
  })
  mount(component, { global: { plugins: [english()] } })
  if (!form) throw new Error('setup has not run')
  const focus = vi.fn()
  form.setSummary({ focus })
  const fill = (address: string, secret: string) => {
    email.value = address
    password.value = secret
  }
  return { form, email, password, send, done, hide, focus, fill, onPage, emailField }
}

it('what is missing is found on submit, told in the order of the fields, and nothing is sent', async () => {
  const { form, send, focus } = start()
  expect(form.items.value).toEqual([])
  await form.submit()
  expect(form.items.value).toEqual([
    { text: 'Enter your email address.', field: 'the-email', label: 'Email' },
    { text: 'Choose a password.', field: 'the-password', label: 'Password' },
  ])
  expect(form.above.value).toEqual(form.items.value)
  expect(focus).toHaveBeenCalledOnce()
  expect(send).not.toHaveBeenCalled()
})

it('while somebody corrects one field, no fault is found with another', async () => {
  const { form, email, password } = start(problem('invalid_credentials'))
  password.value = 'secret'
  await form.submit()
  password.value = ''
  email.value = 'ann'
  await vi.advanceTimersByTimeAsync(0)
  expect(Object.keys(form.errors.value)).toEqual(['email'])
  email.value = 'ann@example.test'
  await vi.advanceTimersByTimeAsync(0)
  expect(form.items.value).toEqual([])
})

it('what the server says about a field stands there until it is edited', async () => {
  const errors = [{ field: 'password', code: 'too_common', detail: 'From the server.' }]
  const { form, password, fill } = start(problem('validation_failed', { status: 422, errors }))
  fill('ann@example.test', 'password123')
  await form.submit()
  expect(form.errors.value.password).toContain('on the lists')
  expect(password.value).toBe('password123')
  password.value = 'password1234'
  await vi.advanceTimersByTimeAsync(0)
  expect(form.items.value).toEqual([])
})

it('a code that we have no words for is told in the words of the server', async () => {
  const errors = [{ field: 'password', code: 'seen_yesterday', detail: 'From the server.' }]
  const { form, fill } = start(problem('validation_failed', { status: 422, errors }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(form.items.value).toEqual([{ text: 'From the server.', field: 'the-password', label: 'Password' }])
})

it('a problem about one field stands beside it, in the words of the page, and the secret is gone', async () => {
  const { form, email, password, fill, hide } = start(problem('invalid_credentials'))
  fill('ann@example.test', 'wrong')
  await form.submit()
  expect(form.errors.value).toEqual({ password: 'This password is not correct.' })
  expect(hide).toHaveBeenCalledOnce()
  expect(email.value).toBe('ann@example.test')
  await vi.advanceTimersByTimeAsync(0)
  expect(password.value).toBe('')
  expect(form.errors.value).toEqual({ password: 'This password is not correct.' })
})

it('a request that never got there keeps everything', async () => {
  const { form, password, fill } = start(problem('network', { status: 0 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(form.items.value[0]?.text).toContain('cannot be reached')
  expect(password.value).toBe('secret')
})

it('a problem that the page tells in its own way is not told twice', async () => {
  const { form, focus, fill } = start(problem('signup_closed', { status: 403 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(form.items.value).toEqual([])
  expect(focus).not.toHaveBeenCalled()
})

it('who cancels the proof of identity finds the form unchanged', async () => {
  const { form, email, password, fill } = start(problem('reauthentication_required', { status: 403 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(form.items.value).toEqual([])
  expect([email.value, password.value]).toEqual(['ann@example.test', 'secret'])
})

it('a wait that the server asks for counts down, and ends with leave to try again', async () => {
  const { form, fill } = start(problem('rate_limited', { status: 429, retry_at: '2026-01-01T10:01:30Z' }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(form.items.value[0]).toEqual({
    text: 'Too many attempts. Try again in 1:30.',
    spoken: 'Too many attempts. Try again in 2 minutes.',
  })
  await vi.advanceTimersByTimeAsync(31_000)
  expect(form.items.value[0]?.text).toBe('Too many attempts. Try again in 0:59.')
  expect(form.mayTryAgain.value).toBe(false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(form.items.value).toEqual([])
  expect(form.mayTryAgain.value).toBe(true)
})

it('hands over what came back, and can be put back to how it was', async () => {
  const { form, done, email, fill } = start({ ok: true, data: 'here' })
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(done).toHaveBeenCalledWith('here')
  form.reset()
  expect(email.value).toBe('')
})

it('finding U5: one wrong field is told at that field alone, which gets the focus', async () => {
  const { form, focus, fill, emailField } = start()
  fill('ann', 'secret')
  await form.submit()
  expect(Object.keys(form.errors.value)).toEqual(['email'])
  expect(form.above.value).toEqual([])
  expect(focus).not.toHaveBeenCalled()
  expect(emailField.focus).toHaveBeenCalledOnce()
})

it('finding U5: a problem that is about no field is told above the form', async () => {
  const { form, focus, fill } = start(problem('unavailable', { status: 503 }))
  fill('ann@example.test', 'secret')
  await form.submit()
  expect(form.errors.value).toEqual({})
  expect(form.above.value).toHaveLength(1)
  expect(focus).toHaveBeenCalledOnce()
})

it('finding N13: a field that was filled without an event is read at submit', async () => {
  const { form, send, onPage } = start({ ok: true, data: 'here' })
  onPage.email = (email) => (email.value = 'ann@example.test')
  onPage.password = (password) => (password.value = 'secret')
  await form.submit()
  expect(form.items.value).toEqual([])
  expect(send).toHaveBeenCalledOnce()
})
