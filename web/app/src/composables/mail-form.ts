import type { CallOptions, MailSent, Result } from '@cloakroom/client'
import { computed, nextTick, ref, useTemplateRef, type ComputedRef, type Ref } from 'vue'
import * as checks from './checks'
import { useForm, type FieldOnPage, type Form } from './form'
import { useHistoryState } from './history-state'

/** A form that asks for an email address, and then the wait for that email. */
export interface MailForm {
  readonly form: Form<'email'>
  readonly email: Ref<string>
  /** `sent` survives a reload. */
  readonly state: ComputedRef<'form' | 'sent'>
  readonly sentTo: ComputedRef<string>
  readonly resendAt: Ref<string | null>
  /** Sends the same email again. */
  sendAgain(call: CallOptions): Promise<Result<MailSent>>
  /** Returns to the form, for a different address. */
  useAnother(): Promise<void>
}

/** Creates the form, for a page whose field has the ref `emailField`. */
export function useMailForm(
  send: (email: string, call: CallOptions) => Promise<Result<MailSent>>,
  { prefilled = null, givesUp = true }: { prefilled?: string | null; givesUp?: boolean } = {},
): MailForm {
  const sentTo = useHistoryState<string>('sent_to')
  const resendAt = useHistoryState<string>('resend_at')
  const email = ref(sentTo.value ?? prefilled ?? '')
  const emailField = useTemplateRef<FieldOnPage>('emailField')
  const form = useForm({
    fields: { email: { value: email, check: checks.email, at: emailField } },
    givesUp,
    send: (signal) => send(email.value.trim(), { signal }),
    done({ resend_at }) {
      sentTo.value = email.value.trim()
      resendAt.value = resend_at
    },
  })
  return {
    form,
    email,
    state: computed(() => (sentTo.value === null ? 'form' : 'sent')),
    sentTo: computed(() => sentTo.value ?? ''),
    resendAt,
    sendAgain: (call) => send(sentTo.value ?? '', call),
    async useAnother() {
      sentTo.value = null
      await nextTick()
      emailField.value?.focus()
    },
  }
}
