import { english, type Messages } from './english.js'

/** Values for the `{placeholders}` of a text. `count` also chooses between "one | {count} many". */
export type TextValues = Record<string, string | number>

/** The texts of a page in its language, by key. */
export interface Texts {
  /** Returns a text with its values. */
  of(key: string, values?: TextValues): string
  /** Returns whether there is a text for a key. */
  has(key: string): boolean
}

/** The texts of an app: some or all of them, in place of the English ones. */
export type OwnMessages = Partial<Messages> & Record<string, string>

/** Values that every text may name, such as the name of the app. */
export type CommonValues = () => TextValues

/**
 * Creates the texts from messages. What they do not have comes from `others`, which are the English texts by default.
 */
export function createTexts(own: OwnMessages = {}, values: CommonValues = () => ({}), others = inEnglish(values)): Texts {
  return lookUp(own, values, others)
}

const NONE: Texts = { has: () => false, of: (key) => key }
const inEnglish = (values: CommonValues) => lookUp(english, values, NONE)

function lookUp(messages: Record<string, string>, values: CommonValues, others: Texts): Texts {
  const find = (key: string) => (Object.hasOwn(messages, key) ? messages[key] : undefined)
  return {
    has: (key) => find(key) !== undefined || others.has(key),
    of(key, more = {}) {
      const text = find(key)
      return text === undefined ? others.of(key, more) : fillIn(text, { ...values(), ...more }, more.count)
    },
  }
}

function fillIn(text: string, values: TextValues, count: string | number | undefined): string {
  const [one, many] = text.split(' | ')
  const chosen = many !== undefined && Number(count) !== 1 ? many : (one ?? text)
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
