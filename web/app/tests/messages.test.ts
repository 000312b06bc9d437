import { english, french, german, spanish } from '@cloakroom/client/kit'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LANGUAGES, type Language } from '../src/i18n'

/** The message files, by the end of their path: `en.json`, `pages.en.json`. */
const files = import.meta.glob<object>('../src/messages/*.json', { import: 'default', eager: true })
const file = (name: string) => files[`../src/messages/${name}.json`] ?? {}

/** Returns every text by its path, such as "problems.network". */
function texts(messages: object, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages) as [string, string | object][]) {
    if (typeof value === 'string') found.set(path + key, value)
    else for (const [inner, text] of texts(value, `${path}${key}.`)) found.set(inner, text)
  }
  return found
}

const languages = Object.keys(LANGUAGES) as Language[]
/** The texts of a language from both downloads. */
const all = (language: Language) => new Map([...texts(file(language)), ...texts(file(`pages.${language}`))])
const en = all('en')

const placeholders = (text = '') => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
const pluralForms = (text = '') => text.split(' | ').length

it('every message file belongs to a language that people can choose', () => {
  const expected = languages.flatMap((language) => [`${language}.json`, `pages.${language}.json`])
  expect(Object.keys(files).map((path) => path.split('/').at(-1)).sort()).toEqual(expected.sort())
})

describe.each(languages)('in %s', (language) => {
  const own = all(language)

  it('every text exists, in the same download as in English', () => {
    for (const name of ['', 'pages.']) {
      expect([...texts(file(name + language)).keys()].sort()).toEqual([...texts(file(`${name}en`)).keys()].sort())
    }
  })

  it('no text is empty, and none has spaces at its ends or two in a row', () => {
    for (const [key, text] of own) expect(text, key).toMatch(/^\S(?:.*\S)?$/)
    for (const [key, text] of own) expect(text, key).not.toMatch(/\s\s/)
  })

  it('every text has the placeholders and the plural forms of the English one', () => {
    for (const [key, text] of en) {
      expect(placeholders(own.get(key)), key).toEqual(placeholders(text))
      expect(pluralForms(own.get(key)), key).toBe(pluralForms(text))
    }
  })

  it('every text ends as the English one does: a sentence with its mark, a label without', () => {
    const end = (text = '') => /[.:?…]?$/.exec(text.replace(/\u00a0/g, ' '))?.[0]
    for (const [key, text] of en) {
      // A question in one language is a statement in another.
      if (end(text) !== '?' && end(own.get(key)) !== '?') expect(end(own.get(key)), key).toBe(end(text))
    }
  })
})

it('the two downloads of one language share no text', () => {
  expect(en.size).toBe(texts(file('en')).size + texts(file('pages.en')).size)
})

it.each(Object.entries({ en: english, de: german, fr: french, es: spanish }))('the components say in %s what the pages say', (language, components) => {
  const pages = all(language as Language)
  const both = Object.entries(components).filter(([key]) => pages.has(key))
  expect(both.length).toBeGreaterThan(80)
  // In the messages of the pages, an `@` alone would begin a reference.
  for (const [key, text] of both) expect(text, key).toBe(pages.get(key)?.replace("{'@'}", '@'))
})

it('no text says what U8 forbids', () => {
  const forbidden = {
    en: /\b(invalid|forbidden|please|oops)\b|this field is required/i,
    de: /\b(bitte|ungültig|verboten)\b/i,
    fr: /veuillez|s'il vous plaît|invalide|interdit/i,
    es: /por favor|inválid|prohibid/i,
  }
  for (const language of languages) {
    for (const [key, text] of all(language)) expect(text, `${language} ${key}`).not.toMatch(forbidden[language])
  }
})

it('English texts use the contractions that people speak', () => {
  const stiff = /\b(you are|you will|it is|there is|cannot|can not|do not|does not|did not|could not|is not|are not|will not|would not)\b/i
  // The contract has this sentence, and its two relatives follow it.
  const kept = ['problems.invalid_credentials', 'problems.wrong_password', 'problems.invalid_code']
  for (const [key, text] of en) if (!kept.includes(key)) expect(text, key).not.toMatch(stiff)
})

it('French has a space that does not break before its two-part marks', () => {
  for (const [key, text] of all('fr')) expect(text, key).not.toMatch(/[^\u00a0][?!;:»](?=\s|$)|«[^\u00a0]/)
})

it('Spanish opens every question that it closes', () => {
  for (const [key, text] of all('es')) expect(text.match(/¿/g)?.length, key).toBe(text.match(/\?/g)?.length)
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
  const outdated = /\bjene[mnrs]?\b|geht es nicht weiter|die Betreiber von|Sind Sie es noch|Ein Klick/
  for (const [key, text] of all('de')) expect(text, key).not.toMatch(outdated)
})
