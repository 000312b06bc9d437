import { likelyAddress } from '../form/email-typo.js'
import { createSignUpForm, type PendingSignup } from '../form/forms.js'
import { createPartialStore, createStore } from '../observable.js'
import type { Kit } from '../session/kit.js'
import type { LoginReply } from '../types.js'
import { createCodeStep, type CodeStep } from './code-step.js'
import { createFormView, EMAIL_INPUT } from './form-view.js'
import { createProviders } from './providers.js'
import { countChanges, el, slot, type Drawn, type Model, type View } from './view.js'

/** The options of a form for a new account. */
export interface SignUpProps {
  /** The address at the start. */
  email?: string | undefined
  /** The path of this site to go to after a trip to a provider. It is `next` of the address by default, then the home page. */
  next?: string | undefined
  /** False when another page asks for the code, after `sent`. */
  asksForCode?: boolean | undefined
}

/** The events of a form for a new account. */
export interface SignUpEvents {
  /** The email is on its way, whether or not the address has an account. */
  sent?(pending: PendingSignup): void
  /** The address is proven, and its owner signed in. */
  signedIn?(reply: LoginReply): void
  /** The server needs something more: `reply.next` says what. */
  needs?(reply: LoginReply): void
  /** The server takes no new accounts. */
  closed?(): void
  /** An error has appeared, or the last one is gone. */
  failed?(isFailed: boolean): void
}

/** The state of a signup beside its form. */
interface Progress {
  closed: boolean
  /** The step after the form. */
  step: CodeStep | null
  /** The address at the start of the form, when somebody comes back to it. */
  email: string | null
  /** The address that was probably meant. It is looked for when the field loses the focus. */
  suggestion: string | null
}

/** Creates the form for a new account, then the code of the email. It navigates nowhere: a guard does. */
export function createSignUp(kit: Kit, latest: () => SignUpProps, tell: () => SignUpEvents): Model<SignUpProps & Drawn> {
  const progress = createPartialStore<Progress>({ closed: false, step: null, email: null, suggestion: null })
  const changesOfStep = createStore(0)
  const form = createSignUpForm(kit, {
    sent(pending) {
      if (latest().asksForCode !== false) ask(pending)
      tell().sent?.(pending)
    },
    closed() {
      progress.change({ closed: true })
      tell().closed?.()
    },
  })
  const view = createFormView(form, { email: 'sign_in.email', password: 'signup.password' }, (name) =>
    name === 'email' ? (progress.getSnapshot().email ?? latest().email ?? '') : '',
  )
  const providers = createProviders(kit, () => latest().next)
  let stopStep = () => {}

  function ask(pending: PendingSignup) {
    const step = createCodeStep(kit, pending, {
      signedIn: (reply) => tell().signedIn?.(reply),
      needs: (reply) => tell().needs?.(reply),
      back: leave,
    })
    const stops = [step.start(), step.changes.subscribe(() => changesOfStep.set(changesOfStep.getSnapshot() + 1))]
    stopStep = () => {
      for (const stop of stops) stop()
    }
    progress.change({ step, email: pending.email, suggestion: null })
  }

  function leave() {
    stopStep()
    progress.change({ step: null })
  }

  function take(address: string) {
    const input = form.inputOf('email')
    if (input) input.value = address
    progress.change({ suggestion: null })
    form.edited('email')
    input?.focus()
  }

  function drawSuggestion({ texts }: Drawn): View {
    const address = progress.getSnapshot().suggestion
    if (address === null) return null
    const [before, after] = texts.of('signup.suggestion', { email: '\n' }).split('\n')
    return [before, el('button', { type: 'button', class: 'cloakroom-link', onClick: () => take(address) }, address), after]
  }

  function drawFields(given: Drawn): View {
    const { texts } = given
    const count = kit.config.getSnapshot()?.password.min_length
    const onBlur = (event: FocusEvent) => progress.change({ suggestion: likelyAddress((event.target as HTMLInputElement).value) })
    return [
      view.field('email', given, {
        label: 'sign_in.email',
        input: { ...EMAIL_INPUT, autocomplete: 'username', onBlur },
        note: el('p', { role: 'status', class: 'cloakroom-suggestion' }, drawSuggestion(given)),
      }),
      view.passwordField('password', given, {
        label: 'signup.password',
        hint: count === undefined ? texts.of('password.policy') : texts.of('password.policy_with_length', { count }),
        input: { name: 'new-password', autocomplete: 'new-password' },
      }),
      slot('terms'),
    ]
  }

  function drawBelow({ texts }: Drawn): View {
    const link = el('a', { class: 'cloakroom-link', href: kit.paths.login + location.search }, texts.of('sign_in.submit'))
    return el('p', { class: 'cloakroom-below' }, slot('below', [`${texts.of('signup.have_account')} `, link]))
  }

  const changes = countChanges([...view.sources, ...providers.sources, progress, changesOfStep])
  return {
    ...changes,
    start() {
      void kit.config.load()
      void kit.client.loginSetCookie()
      let failed = false
      const follow = () => {
        if (view.hasErrors() === failed) return
        failed = !failed
        tell().failed?.(failed)
      }
      const stops = [view.start(), providers.start(), form.subscribe(follow)]
      return () => {
        stopStep()
        for (const stop of stops) stop()
      }
    },
    draw(given) {
      const { texts } = given
      const { step, closed } = progress.getSnapshot()
      if (step) return step.draw(given)
      if (closed || kit.config.getSnapshot()?.signup.mode === 'closed') {
        const text = el('p', { class: 'cloakroom-closed', role: 'status' }, texts.of('signup.closed.text'))
        return el('div', { class: 'cloakroom cloakroom-sign-up' }, text, drawBelow(given))
      }
      return el(
        'div',
        { class: 'cloakroom cloakroom-sign-up' },
        view.draw(given, {
          label: texts.of('signup.submit'),
          busyLabel: texts.of('signup.submitting'),
          fields: drawFields(given),
        }),
        providers.draw(given),
        drawBelow(given),
      )
    },
    settle() {
      const { step } = progress.getSnapshot()
      if (step) step.settle()
      else view.settle()
    },
  }
}
