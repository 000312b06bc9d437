import { createI18n } from 'vue-i18n'
import first from '../src/messages/en.json'
import pages from '../src/messages/pages.en.json'

/** All text in English, as the app has it once a page beyond the first has been opened. */
export function english() {
  const i18n = createI18n({ legacy: false, locale: 'en' })
  i18n.global.setLocaleMessage('en', first)
  i18n.global.mergeLocaleMessage('en', pages)
  return i18n
}
