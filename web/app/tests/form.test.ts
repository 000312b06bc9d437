import type { Problem, Result } from '@cloakroom/client'
import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { defineComponent, ref } from 'vue'
import * as checks from '../src/composables/checks'
import { useForm, type Form } from '../src/composables/form'
import { english } from './english'

const refusal: Problem = { type: 'about:blank', title: '', status: 400, code: 'invalid_credentials', detail: '', errors: [] }

/** Creates a form with one password, whose request gets this result. */
function start(result: Result<string>) {
  const password = ref('')
  const send = vi.fn(() => Promise.resolve(result))
  const field = { id: 'the-password', label: () => 'Password', focus: vi.fn(), hide: vi.fn(), read: vi.fn(() => void (password.value = 'filled in')) }
  let form: Form<'password'> | undefined
  const component = defineComponent({
    setup() {
      form = useForm({
        fields: { password: { value: password, check: checks.required, at: ref(field), secret: true } },
        about: { invalid_credentials: 'password' },
        wording: { invalid_credentials: 'problems.wrong_password' },
        send,
        done: () => undefined,
      })
      return () => null
    },
  })
  const page = mount(component, { global: { plugins: [english()] } })
  if (!form) throw new Error('setup has not run')
  return { form, password, send, field, page }
}

it('what a password manager has filled in is read into the model before it is checked', async () => {
  const { form, send, field } = start({ ok: true, data: 'here' })
  await form.submit()
  expect(field.read).toHaveBeenCalledOnce()
  expect(send).toHaveBeenCalledOnce()
})

it('a refusal is told in the words of the app, empties the model and moves the focus', async () => {
  const { form, password, field } = start({ ok: false, problem: refusal })
  await form.submit()
  await flushPromises()
  expect(form.errors.value).toEqual({ password: 'This password is not correct.' })
  expect(form.above.value).toEqual([])
  expect(password.value).toBe('')
  expect(field.hide).toHaveBeenCalledOnce()
  expect(field.focus).toHaveBeenCalledOnce()
  password.value = 'another'
  await flushPromises()
  expect(form.errors.value).toEqual({ password: 'This password is not correct.' })
})
