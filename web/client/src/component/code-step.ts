import { clockText } from '../form/countdown.js'
import { problemText } from '../form/errors.js'
import { createCodeForm, type PendingSignup } from '../form/forms.js'
import { createResend } from '../form/resend.js'
import type { Observable } from '../observable.js'
import type { Kit } from '../session/kit.js'
import type { LoginReply } from '../types.js'
import { createFormView, drawButton, drawSubmit } from './form-view.js'
import { countChanges, el, type Drawn, type View } from './view.js'

/** The step after a signup: the code of the email, another email, another address. */
export interface CodeStep {
  readonly changes: Observable<number>
  start(): () => void
  draw(given: Drawn): View
  settle(): void
}

/** The events of the step. */
interface CodeStepEvents {
  signedIn(reply: LoginReply): void
  needs(reply: LoginReply): void
  /** Somebody wants to use another address. */
  back(): void
}

/** Creates the step after a signup. */
export function createCodeStep(kit: Kit, pending: PendingSignup, { signedIn, needs, back }: CodeStepEvents): CodeStep {
  const { email } = pending
  const form = createCodeForm(kit, { email: () => email, signedIn, needs })
  const view = createFormView(form, { code: 'check_email.code' })
  const resend = createResend((call) => kit.client.resendSignup(email, call), pending.resend_at)
  let told: HTMLElement | null = null
  let isNew = true

  function drawResend({ texts }: Drawn): View {
    const { left, phase, sent, problem } = resend.getSnapshot()
    const button = () =>
      drawSubmit(texts, {
        type: 'button',
        look: 'secondary',
        phase,
        label: texts.of('resend.button'),
        busyLabel: texts.of('resend.sending'),
        onClick: () => void resend.send(),
        onCancel: resend.stop,
      })
    return el(
      'div',
      { class: 'cloakroom-resend' },
      el('p', { role: 'status' }, sent && texts.of('resend.sent')),
      left.seconds > 0 ? el('p', { class: 'cloakroom-hint' }, texts.of('resend.in', { time: clockText(left) })) : button(),
      problem && el('p', { role: 'alert', class: 'cloakroom-errors' }, problemText(problem, texts)),
    )
  }

  const refSent = (element: unknown) => void (told = element as HTMLElement | null)
  return {
    changes: countChanges([...view.sources, resend]),
    start() {
      const stop = view.start()
      return () => {
        stop()
        resend.stop()
      }
    },
    settle() {
      if (isNew && told) {
        isNew = false
        told.focus()
      }
      view.settle()
    },
    draw(given) {
      const { texts } = given
      const field = view.field('code', given, {
        label: 'check_email.code',
        hint: texts.of('check_email.code_hint'),
        input: { inputmode: 'numeric', autocomplete: 'one-time-code' },
      })
      return el(
        'div',
        { class: 'cloakroom cloakroom-check-email' },
        el('p', { ref: refSent, tabindex: -1, class: 'cloakroom-sent' }, texts.of('check_email.sent', { email })),
        el('p', { class: 'cloakroom-hint' }, texts.of('check_email.has_account')),
        view.draw(given, { label: texts.of('check_email.submit'), busyLabel: texts.of('check_email.submitting'), fields: field }),
        drawResend(given),
        drawButton(texts.of('check_email.use_other'), back),
      )
    },
  }
}
