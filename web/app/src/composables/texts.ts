import type { Texts } from '@cloakroom/client/kit'
import { useI18n } from 'vue-i18n'
import { appName, passwordMinLength } from '../state/app-config'

/** Returns the texts of the app in the shape that forms take. Every text may name the app and the length of a new password. */
export function useTexts(): Texts {
  const { t, te } = useI18n()
  return {
    has: (key) => te(key),
    of(key, values = {}) {
      const named = { app: appName.value, count: passwordMinLength.value ?? 0, ...values }
      return values.count === undefined ? t(key, named) : t(key, named, Number(values.count))
    },
  }
}
