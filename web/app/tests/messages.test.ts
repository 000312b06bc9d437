import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import deFirst from '../src/messages/de.json'
import enFirst from '../src/messages/en.json'
import dePages from '../src/messages/pages.de.json'
import enPages from '../src/messages/pages.en.json'

/** Returns every text by its path, such as "problems.network". */
function texts(messages: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages) as [string, string | object][]) {
    if (typeof value === 'string') found.set(path + key, value)
    else for (const [inner, text] of texts(value, `${path}${key}.`)) found.set(inner, text)
  }
  return found
}

/** Joins the two downloads of a language. */
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

type Files = Record<string, string>
/** The source of the app and of its forms, which name the texts. */
const app = import.meta.glob<string>('../src/**/*.{ts,vue}', { query: '?raw', import: 'default', eager: true }) as Files
const forms = import.meta.glob<string>('../../client/src/{form,session}/*.ts', { query: '?raw', import: 'default', eager: true }) as Files
const source = [...Object.values(app), ...Object.values(forms)].join('\n')
/** The source of all that the server may send: codes of problems and fields, results. */
const wire = ['../../client/src/session/session.ts', '../../client/src/schema.ts', '../../client/src/problem.ts', '../../../docs/reference/errors.md']
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n')

it('finding U12: every text that the app names exists', () => {
  const sections = [...new Set([...en.keys()].map((key) => key.split('.', 1)[0]))].join('|')
  const named = [...source.matchAll(new RegExp(`(?:'|text="|keypath=")((?:${sections})\\.[a-z_.-]+)['"]`, 'g'))].map((match) => match[1] ?? '')
  expect(named.length).toBeGreaterThan(100)
  expect(named.filter((key) => !en.has(key))).toEqual([])
})

it('finding U12: no text is unused', () => {
  const isNamed = (key: string) => ['"', "'", '`'].some((quote) => source.includes(quote + key + quote))
  // The variable part of an assembled key comes from the app or the server: a code, a field, a result.
  const starts = [...source.matchAll(/`([a-z_.]+\.)\$\{/g)].map((match) => match[1] ?? '')
  const words = new Set((source + wire).match(/[\w-]+/g))
  const isAssembled = (key: string) =>
    starts.some((start) => key.startsWith(start) && key.slice(start.length).split('.').every((part) => words.has(part)))
  expect([...en.keys()].filter((key) => !isNamed(key) && !isAssembled(key))).toEqual([])
})

it('finding U12: the pages say what an English and a German product say', () => {
  const quaint = /\bmails?\b|go on\b|the people who run|cannot be taken|one press|takes the place|opens it|\btries\b|something in this form/i
  for (const [key, text] of en) expect(text, key).not.toMatch(quaint)
  const altertuemlich = /\bjene[mnrs]?\b|geht es nicht weiter|die Betreiber von|Sind Sie es noch|Ein Klick/
  for (const [key, text] of de) expect(text, key).not.toMatch(altertuemlich)
})
