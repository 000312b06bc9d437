import { expect, it } from 'vitest'
import deFirst from '../src/messages/de.json'
import enFirst from '../src/messages/en.json'
import dePages from '../src/messages/pages.de.json'
import enPages from '../src/messages/pages.en.json'

/** Every text with its path: "problems.network". */
function texts(messages: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages) as [string, string | object][]) {
    if (typeof value === 'string') found.set(path + key, value)
    else for (const [inner, text] of texts(value, `${path}${key}.`)) found.set(inner, text)
  }
  return found
}

/** All text of a language, which comes in two downloads. */
const all = (...parts: object[]) => new Map(parts.flatMap((part) => [...texts(part)]))
const en = all(enFirst, enPages)
const de = all(deFirst, dePages)

const placeholders = (text = '') => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

it('every text exists in every language', () => {
  expect([...de.keys()].sort()).toEqual([...en.keys()].sort())
})

it('the two downloads of one language share no text', () => {
  expect(en.size).toBe(texts(enFirst).size + texts(enPages).size)
  expect([...texts(deFirst).keys()].sort()).toEqual([...texts(enFirst).keys()].sort())
})

it('every text has the same placeholders in every language', () => {
  for (const [key, text] of en) expect(placeholders(de.get(key)), key).toEqual(placeholders(text))
})

it('no text says what U8 forbids', () => {
  const forbidden = /\b(invalid|forbidden|please|oops|bitte|ungültig|verboten)\b|this field is required/i
  for (const [key, text] of [...en, ...de]) expect(text, key).not.toMatch(forbidden)
})
