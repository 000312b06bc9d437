import { createTexts, type Kit, type OwnMessages, type Texts } from '@cloakroom/client/kit'
import { toValue, type MaybeRefOrGetter } from 'vue'
import { useObservable } from './observable.js'

/** Creates texts that follow the configuration and the language. What the messages do not have comes from `others`, or is English. */
export function followTexts(kit: Kit, messages: MaybeRefOrGetter<OwnMessages> = {}, others?: Texts): Texts {
  const config = useObservable(kit.config)
  const values = () => ({ app: config.value?.app.name ?? 'Cloakroom', count: config.value?.password.min_length ?? 0 })
  const texts = () => createTexts(toValue(messages), values, others)
  return { of: (key, more) => texts().of(key, more), has: (key) => texts().has(key) }
}
