import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { nextTick } from 'vue'
import PasswordField from '../src/ui/PasswordField.vue'
import { english } from './english'

function open(modelValue = '') {
  const page = mount(PasswordField, {
    props: {
      modelValue,
      'onUpdate:modelValue': (now: string) => page.setProps({ modelValue: now }) as unknown,
      label: 'Password',
    },
    global: { plugins: [english()] },
  })
  const input = page.get('input').element
  return { page, input }
}

it('shows its model, and what is typed becomes the model', async () => {
  const { page, input } = open('before')
  expect(input.value).toBe('before')
  await page.get('input').setValue('typed')
  expect(page.props('modelValue')).toBe('typed')
  await page.setProps({ modelValue: '' })
  expect(input.value).toBe('')
})

it('finding N13: what a password manager has filled in without an event stays, and is read when asked', async () => {
  const { page, input } = open()
  input.value = 'filled'
  await page.get('button').trigger('click')
  await nextTick()
  expect(input.type).toBe('text')
  expect(input.value).toBe('filled')
  page.vm.read()
  await nextTick()
  expect(page.props('modelValue')).toBe('filled')
})
