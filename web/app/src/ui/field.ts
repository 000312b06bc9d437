import type { Ref } from 'vue'
import type { FieldOnPage } from '../composables/form'

/** The props of every field. Any other attribute goes to the `<input>`. */
export interface FieldProps {
  label: string
  error?: string | undefined
  /** Help for the person before they type. */
  hint?: string | undefined
  /** The id of an error text beside another field, which marks this field as wrong, too. */
  errorId?: string | undefined
}

type Field = Readonly<Ref<FieldOnPage | null>>

/** Exposes a field through the component that is built on it: `defineExpose(exposeField(field))`. */
export function exposeField(field: Field, hide = () => field.value?.hide?.()): FieldOnPage {
  return {
    get id() {
      return field.value?.id
    },
    label: () => field.value?.label() ?? '',
    focus: () => field.value?.focus(),
    read: () => field.value?.read(),
    hide,
  }
}
