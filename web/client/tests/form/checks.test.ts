import { expect, it } from 'vitest'
import { digitsOf, isCode, isLongEnough } from '../../src/form/checks'

it.each(['123456', '123 456', '123-456', ' 12 34 56 ', '123–456', '123\u00a0456'])('%j is six digits', (typed) => {
  expect(digitsOf(typed)).toBe('123456')
  expect(isCode(typed)).toBeNull()
})

it.each([['', 'required'], [' - ', 'required'], ['12345', 'invalid'], ['1234567', 'invalid'], ['12345a', 'invalid']])(
  '%j is not',
  (typed, code) => {
    expect(isCode(typed)).toBe(code)
  },
)

it('a new password is measured in characters, as the server does', () => {
  expect(isLongEnough('', 10)).toBe('required')
  expect(isLongEnough('123456789', 10)).toBe('too_short')
  expect(isLongEnough('1234567890', 10)).toBeNull()
  expect(isLongEnough('🔑🔑🔑🔑🔑', 10)).toBe('too_short')
  expect(isLongEnough('🔑'.repeat(10), 10)).toBeNull()
  expect(isLongEnough('1', null)).toBeNull()
})
