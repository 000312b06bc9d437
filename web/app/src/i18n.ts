import { readStored, writeStored } from '@cloakroom/vue'
import { createI18n } from 'vue-i18n'

/** The languages of the app, each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español' } as const

/** A language of the app. */
export type Language = keyof typeof LANGUAGES

/**
 * The languages that this site offers; the first is for people who read none of them. The page itself names them, because its first
 * text must not wait for the configuration.
 */
export const OFFERED: readonly Language[] = offeredLanguages()

const KEY = 'cloakroom.language'

/** The texts, in two downloads for each language: those of the first page, and the rest with the first page that needs them. */
const messages = {
  en: { first: () => import('./messages/en.json'), pages: () => import('./messages/pages.en.json') },
  de: { first: () => import('./messages/de.json'), pages: () => import('./messages/pages.de.json') },
  fr: { first: () => import('./messages/fr.json'), pages: () => import('./messages/pages.fr.json') },
  es: { first: () => import('./messages/es.json'), pages: () => import('./messages/pages.es.json') },
}
let withPages = false

/** The texts that are loaded. */
export const i18n = createI18n({ legacy: false, locale: 'en', missingWarn: false })

/** Sets the language of the page and its `lang`, by which screen readers choose a voice. Resolves when the texts are loaded. */
export async function applyLanguage(language: Language): Promise<void> {
  const { first, pages } = messages[language]
  const loaded = [first(), ...(withPages ? [pages()] : [])]
  for (const part of await Promise.all(loaded)) i18n.global.mergeLocaleMessage(language, part.default)
  i18n.global.locale.value = language
  document.documentElement.lang = language
  document.documentElement.dir = 'ltr'
}

/** Loads a component when it is needed, together with its texts. */
export function withText<Page>(page: () => Promise<Page>): () => Promise<Page> {
  return async () => {
    const text = withPages ? Promise.resolve() : loadPages(i18n.global.locale.value as Language)
    const [loaded] = await Promise.all([page(), text])
    return loaded
  }
}

async function loadPages(language: Language): Promise<void> {
  const part = await messages[language].pages()
  i18n.global.mergeLocaleMessage(language, part.default)
  // Somebody may have chosen another language meanwhile.
  withPages = language === i18n.global.locale.value
  if (!withPages) await loadPages(i18n.global.locale.value as Language)
}

/** Sets the language of the page and remembers it on this device. */
export async function chooseLanguage(language: Language): Promise<void> {
  await applyLanguage(language)
  writeStored(KEY, language)
}

/** Returns the language chosen on this device, or the first of the browser's languages that the site offers. */
export function preferredLanguage(): Language {
  const wanted = [readStored(KEY), ...navigator.languages.map((tag) => tag.split('-', 1)[0])]
  return wanted.filter(isLanguage).find((language) => OFFERED.includes(language)) ?? OFFERED[0] ?? 'en'
}

function offeredLanguages(): Language[] {
  const named = document.querySelector<HTMLMetaElement>('meta[name="cloakroom-languages"]')?.content.split(' ') ?? []
  const known = named.filter(isLanguage)
  return known.length > 0 ? known : (Object.keys(LANGUAGES) as Language[])
}

function isLanguage(language: string | null | undefined): language is Language {
  return language != null && Object.hasOwn(LANGUAGES, language)
}
