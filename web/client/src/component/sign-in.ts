import { createSignInForm } from '../form/forms.js'
import { createPartialStore } from '../observable.js'
import type { Kit } from '../session/kit.js'
import type { LoginReply } from '../types.js'
import { createFormView, drawFixedAccount, EMAIL_INPUT } from './form-view.js'
import { createProviders } from './providers.js'
import { countChanges, el, slot, type Drawn, type Model, type View } from './view.js'

/** The options of a sign-in form. */
export interface SignInProps {
  /** The only account that may sign in here; then the form does not ask for an address. */
  account?: string | undefined
  /** The address at the start. */
  email?: string | undefined
  /** The path of this site to go to after a trip to a provider. It is `next` of the address by default, then the home page. */
  next?: string | undefined
}

/** The events of a sign-in form. */
export interface SignInEvents {
  /** Somebody is signed in. */
  signedIn?(reply: LoginReply): void
  /** The server needs something more, such as a second step: `reply.next` says what. */
  needs?(reply: LoginReply): void
  /** An error has appeared, or the last one is gone. */
  failed?(isFailed: boolean): void
  /** Somebody has left the field for the address. */
  address?(email: string): void
}

/** A sign-in form, and the way to its first field. */
export interface SignInModel extends Model<SignInProps & Drawn> {
  focus(): void
}

/** Creates the sign-in form, with providers and the ways to the other pages. It navigates nowhere: a guard does. */
export function createSignIn(kit: Kit, latest: () => SignInProps, tell: () => SignInEvents): SignInModel {
  const notice = createPartialStore({ needsMore: false, cookiesBlocked: false })
  const account = () => latest().account
  const form = createSignInForm(kit, {
    account,
    signedIn: (reply) => tell().signedIn?.(reply),
    needs(reply) {
      notice.change({ needsMore: true })
      tell().needs?.(reply)
    },
  })
  const view = createFormView(form, { email: 'sign_in.email', password: 'sign_in.password' }, (name) =>
    name === 'email' ? (latest().email ?? '') : '',
  )
  const providers = createProviders(kit, () => latest().next)

  /** Makes the server set the CSRF cookie that the form needs. A browser that refuses it would refuse the session's, too. */
  async function prepare() {
    const result = await kit.client.loginSetCookie()
    notice.change({ cookiesBlocked: !result.ok && result.problem.code === 'cookies_blocked' })
  }

  function drawEmail(given: Drawn): View {
    return view.field('email', given, {
      label: 'sign_in.email',
      // The reply does not tell which of the two is wrong.
      wrongWith: form.getSnapshot().problem?.code === 'invalid_credentials' ? 'password' : undefined,
      input: {
        ...EMAIL_INPUT,
        autocomplete: 'username webauthn',
        onBlur: (event: FocusEvent) => tell().address?.((event.target as HTMLInputElement).value),
      },
    })
  }

  function drawForm(props: SignInProps & Drawn): View {
    const { texts } = props
    const forgot = el('a', { class: 'cloakroom-link', href: kit.paths.forgotPassword }, texts.of('sign_in.forgot'))
    const password = view.passwordField('password', props, {
      label: 'sign_in.password',
      input: { autocomplete: 'current-password' },
      aside: slot('forgot', forgot),
    })
    return view.draw(props, {
      label: texts.of('sign_in.submit'),
      busyLabel: texts.of('sign_in.submitting'),
      fields: [props.account === undefined ? drawEmail(props) : drawFixedAccount(props.account), password],
      actions: slot('actions'),
    })
  }

  function drawBelow({ texts, fills }: Drawn): View {
    const config = kit.config.getSnapshot()
    if (!fills('below') && (config === null || config.signup.mode === 'closed')) return null
    const link = el('a', { class: 'cloakroom-link', href: kit.paths.signup + location.search }, texts.of('signup.title'))
    return el('p', { class: 'cloakroom-below' }, slot('below', [`${texts.of('sign_in.no_account')} `, link]))
  }

  const changes = countChanges([...view.sources, ...providers.sources, notice])
  return {
    ...changes,
    start() {
      void kit.config.load()
      void prepare()
      let failed = false
      const stops = [
        view.start(),
        providers.start(),
        form.subscribe(() => {
          if (view.hasErrors() === failed) return
          failed = !failed
          tell().failed?.(failed)
        }),
      ]
      return () => {
        for (const stop of stops) stop()
      }
    },
    draw(props) {
      const { needsMore, cookiesBlocked } = notice.getSnapshot()
      const told = cookiesBlocked ? 'problems.cookies_blocked' : needsMore && 'sign_in.needs'
      return el(
        'div',
        { class: 'cloakroom cloakroom-sign-in' },
        el('p', { role: 'status', class: 'cloakroom-notice' }, told && props.texts.of(told)),
        drawForm(props),
        props.account === undefined && [providers.draw(props), drawBelow(props)],
      )
    },
    settle: view.settle,
    focus: () => form.inputOf(account() === undefined ? 'email' : 'password')?.focus(),
  }
}
