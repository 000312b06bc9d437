import { readStored, writeStored } from '@cloakroom/vue'
import { createI18n } from 'vue-i18n'

/** The languages there are, each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const

/** A language of the app. */
export type Language = keyof typeof LANGUAGES

const KEY = 'cloakroom.language'

/** Only the language that is used is downloaded: what everybody sees at once, and the rest when one of its pages is opened. */
const messages = {
  en: { first: () => import('./messages/en.json'), pages: () => import('./messages/pages.en.json') },
  de: { first: () => import('./messages/de.json'), pages: () => import('./messages/pages.de.json') },
}
let withPages = false

/** All text of the app. */
export const i18n = createI18n({ legacy: false, locale: 'en', missingWarn: false })

/** Sets the language of the page, for the eye and, by `lang`, for the ear; resolves when its text is there. */
export async function applyLanguage(language: Language): Promise<void> {
  const { first, pages } = messages[language]
  const loaded = [first(), ...(withPages ? [pages()] : [])]
  for (const part of await Promise.all(loaded)) i18n.global.mergeLocaleMessage(language, part.default)
  i18n.global.locale.value = language
  document.documentElement.lang = language
  document.documentElement.dir = 'ltr'
}

/** A page, or a part of one, that is downloaded when it is needed, together with its text. */
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
  // Another language may have been chosen meanwhile.
  withPages = language === i18n.global.locale.value
  if (!withPages) await loadPages(i18n.global.locale.value as Language)
}

/** Sets the language of the page, and remembers the choice on this device. */
export async function chooseLanguage(language: Language): Promise<void> {
  await applyLanguage(language)
  writeStored(KEY, language)
}

/** The language chosen on this device, or else the first of the browser's that we have. */
export function preferredLanguage(): Language {
  const wanted = [readStored(KEY), ...navigator.languages.map((tag) => tag.split('-', 1)[0])]
  return wanted.find(isLanguage) ?? 'en'
}

function isLanguage(language: string | null | undefined): language is Language {
  return language != null && Object.hasOwn(LANGUAGES, language)
}
