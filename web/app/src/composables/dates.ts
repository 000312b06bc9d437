import { useI18n } from 'vue-i18n'

/** Dates in the language of the page. */
export interface Dates {
  /** Formats the day of an instant (RFC 3339): "2 January 2026". */
  longDate(instant: string): string
}

/** Formats dates for a component. */
export function useDates(): Dates {
  const { locale } = useI18n()
  return {
    longDate: (instant) => new Intl.DateTimeFormat(regionalLocale(locale.value), { dateStyle: 'long' }).format(new Date(instant)),
  }
}

/** The browser's own variant of a language, such as "en-GB", because dates differ between regions. */
function regionalLocale(language: string): string {
  return navigator.languages.find((tag) => tag.split('-', 1)[0] === language) ?? language
}
