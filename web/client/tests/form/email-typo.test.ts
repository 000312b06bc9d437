import { expect, it } from 'vitest'
import { likelyAddress } from '../../src/form/email-typo'

it.each([
  ['ann@gmial.com', 'ann@gmail.com'],
  ['ann@gmai.com', 'ann@gmail.com'],
  ['ann@gmaill.com', 'ann@gmail.com'],
  ['ann@gmail.con', 'ann@gmail.com'],
  ['ann@gmail.co', 'ann@gmail.com'],
  [' Ann.B+c@Hotmial.com ', 'Ann.B+c@hotmail.com'],
  ['ann@t-onlin.de', 'ann@t-online.de'],
])('%s was probably meant as %s', (typed, meant) => {
  expect(likelyAddress(typed)).toBe(meant)
})

it.each(['ann@gmail.com', 'ann@gmx.de', 'ann@gmx.at', 'ann@example.test', 'ann@ymail.org', 'ann', '@gmial.com', 'ann@', 'ann@web.dev', ''])(
  '%s is left alone',
  (typed) => {
    expect(likelyAddress(typed)).toBeNull()
  },
)
