import { createClient } from '@cloakroom/client'
import { beforeAll, expect, it } from 'vitest'
import * as checks from '../src/composables/checks'
import { loadAppConfig } from '../src/state/app-config'

beforeAll(async () => {
  const config = { app: { name: 'Acme' }, signup: { mode: 'open' }, password: { min_length: 10, max_length: 256 }, providers: [] }
  await loadAppConfig(createClient({ fetch: () => Promise.resolve(Response.json(config)) }))
})

it.each(['123456', '123 456', '123-456', ' 12 34 56 ', '123–456', '123\u00a0456'])('%j is six digits', (typed) => {
  expect(checks.digits(typed)).toBe('123456')
  expect(checks.code(typed)).toBeNull()
})

it.each([['', 'required'], [' - ', 'required'], ['12345', 'invalid'], ['1234567', 'invalid'], ['12345a', 'invalid']])(
  '%j is not',
  (typed, code) => {
    expect(checks.code(typed)).toBe(code)
  },
)

it('a new password is measured in characters, as the server does', () => {
  expect(checks.newPassword('')).toBe('required')
  expect(checks.newPassword('123456789')).toBe('too_short')
  expect(checks.newPassword('1234567890')).toBeNull()
  expect(checks.newPassword('🔑🔑🔑🔑🔑')).toBe('too_short')
  expect(checks.newPassword('🔑'.repeat(10))).toBeNull()
})
