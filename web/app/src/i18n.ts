import { createI18n } from 'vue-i18n'

/** The languages there are, each by its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const

/** A language of the app. */
export type Language = keyof typeof LANGUAGES

const KEY = 'cloakroom.language'

/** One download per language, and only of the one that is used. */
const messages = {
  en: () => import('./messages/en.json'),
  de: () => import('./messages/de.json'),
}

/** All text of the app. */
export const i18n = createI18n({ legacy: false, locale: 'en', missingWarn: false })

/** Sets the language of the page, for the eye and, by `lang`, for the ear; resolves when its text is there. */
export async function applyLanguage(language: Language): Promise<void> {
  i18n.global.setLocaleMessage(language, (await messages[language]()).default)
  i18n.global.locale.value = language
  document.documentElement.lang = language
  document.documentElement.dir = 'ltr'
}

/** Sets the language of the page, and remembers the choice on this device. */
export async function chooseLanguage(language: Language): Promise<void> {
  await applyLanguage(language)
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // No storage: the choice lasts as long as the page.
  }
}

/** The language chosen on this device, or else the first of the browser's that we have. */
export function preferredLanguage(): Language {
  let chosen: string | null = null
  try {
    chosen = localStorage.getItem(KEY)
  } catch {
    // No storage: the browser's languages decide.
  }
  const wanted = [chosen, ...navigator.languages.map((tag) => tag.split('-', 1)[0])]
  return wanted.find(isLanguage) ?? 'en'
}

/** How dates are written: as the browser's owner does in this language, "en-GB" for instance. */
export function dateLocale(language: string): string {
  return navigator.languages.find((tag) => tag.split('-', 1)[0] === language) ?? language
}

function isLanguage(language: string | null | undefined): language is Language {
  return language != null && Object.hasOwn(LANGUAGES, language)
}
