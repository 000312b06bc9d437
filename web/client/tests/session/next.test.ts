import { expect, it } from 'vitest'
import { safeNext } from '../../src/session/next'

it.each([
  '/',
  '/account',
  '/account?tab=one#two',
  '/account?back=https://example.com//x',
  '/caf%C3%A9',
  '/a/../b',
])('keeps %j', (next) => {
  expect(safeNext(next)).toBe(next)
})

it.each([
  undefined,
  null,
  '',
  'account',
  ['/account', '//evil.test'],
  '//evil.test',
  '///evil.test',
  'https://evil.test',
  'https:///evil.test',
  'http:evil.test',
  'javascript:alert(1)',
  'javascript://host/%0Aalert(1)',
  '/\\evil.test',
  '\\/evil.test',
  '/%5cevil.test',
  '/%5Cevil.test',
  '/%2fevil.test',
  '/%2F%2Fevil.test',
  '/\tevil.test',
  '/\t/evil.test',
  '/%09/evil.test',
  '/%0d%0aSet-Cookie:x',
  '/\r\n/evil.test',
  '/\u0000',
  '/%7f',
  '/%c2%85',
  '/.//evil.test',
  '/account//evil.test',
  '/%',
  '/%ff',
  ' /account',
  `/${'a'.repeat(10_000)}`,
])('O32: refuses %j', (next) => {
  expect(safeNext(next)).toBeNull()
})
