import { createI18n } from 'vue-i18n'
import first from '../src/messages/en.json'
import pages from '../src/messages/pages.en.json'

/** Creates the English texts, as the app has them once both downloads are there. */
export function english() {
  const i18n = createI18n({ legacy: false, locale: 'en' })
  i18n.global.setLocaleMessage('en', first)
  i18n.global.mergeLocaleMessage('en', pages)
  return i18n
}
