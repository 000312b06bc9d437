import { expect, it } from 'vitest'
import de from '../src/messages/de.json'
import en from '../src/messages/en.json'

/** Every text with its path: "problems.network". */
function texts(messages: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages) as [string, string | object][]) {
    if (typeof value === 'string') found.set(path + key, value)
    else for (const [inner, text] of texts(value, `${path}${key}.`)) found.set(inner, text)
  }
  return found
}

const placeholders = (text = '') => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

it('every text exists in every language', () => {
  expect([...texts(de).keys()].sort()).toEqual([...texts(en).keys()].sort())
})

it('every text has the same placeholders in every language', () => {
  for (const [key, text] of texts(en)) expect(placeholders(texts(de).get(key)), key).toEqual(placeholders(text))
})

it('no text says what U8 forbids', () => {
  const forbidden = /\b(invalid|forbidden|please|oops|bitte|ungültig|verboten)\b|this field is required/i
  for (const [key, text] of [...texts(en), ...texts(de)]) expect(text, key).not.toMatch(forbidden)
})
