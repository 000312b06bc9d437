import { createProofForm } from '../form/forms.js'
import { createStore } from '../observable.js'
import type { Kit } from '../session/kit.js'
import { createFormView, drawButton, drawFixedAccount } from './form-view.js'
import { countChanges, el, slot, type Drawn, type Model, type View } from './view.js'

/** The options of the dialog. */
export interface RequireRecentProps {
  /** Returns the page that starts the trip to a provider, in a new tab; ours by default. */
  proofPath?: ((provider: string) => string) | undefined
}

/**
 * Creates the dialog that asks for the password while a request waits for fresh proof of identity. An account without a password
 * proves itself by a provider, in a new tab. Cancelling leaves the page as it is.
 */
export function createRequireRecent(kit: Kit): Model<RequireRecentProps & Drawn> {
  const { reauthentication, session, config } = kit
  const form = createProofForm(kit)
  const view = createFormView(form, { password: 'sign_in.password' })
  const providers = createStore<string[]>([])
  let dialog: HTMLDialogElement | null = null
  let toFocus = false
  const refDialog = (element: unknown) => void (dialog = element as HTMLDialogElement | null)

  function cancel() {
    form.reset()
    reauthentication.cancel()
  }
  /** Escape cancels, and the browser does not close the dialog on its own. */
  function escape(event: Event) {
    event.preventDefault()
    cancel()
  }
  const closed = () => {
    if (reauthentication.getSnapshot()) cancel()
  }

  async function findProviders() {
    void config.load()
    const result = await kit.client.identities()
    toFocus = true
    if (result.ok) providers.set([...new Set(result.data.identities.map(({ provider }) => provider))])
  }

  /** Opens and closes the dialog, as the browser wants it. */
  function settle() {
    const asked = reauthentication.getSnapshot()
    if (!asked) {
      if (dialog?.open) dialog.close()
    } else if (dialog && !dialog.open) {
      dialog.showModal()
      if (session.getSnapshot().user?.has_password) form.inputOf('password')?.focus()
      else void findProviders()
    } else if (toFocus) {
      toFocus = false
      dialog?.querySelector('a')?.focus()
    }
    view.settle()
  }

  const drawCancel = ({ texts }: Drawn) => drawButton(texts.of('submission.cancel'), cancel, 'secondary')

  function drawPassword(given: Drawn, email: string): View {
    const { texts } = given
    const password = view.passwordField('password', given, { label: 'sign_in.password', input: { autocomplete: 'current-password' } })
    return view.draw(given, {
      label: texts.of('reauthentication.submit'),
      busyLabel: texts.of('reauthentication.submitting'),
      fields: [drawFixedAccount(email), password],
      actions: drawCancel(given),
    })
  }

  function drawProviders(given: RequireRecentProps & Drawn): View {
    const { texts, proofPath = (id: string) => `/auth/${encodeURIComponent(id)}/prove` } = given
    const nameOf = (id: string) => config.getSnapshot()?.providers.find((provider) => provider.id === id)?.name ?? id
    const link = (id: string) => {
      const attributes = { key: id, class: 'cloakroom-button', 'data-look': 'primary', href: proofPath(id), target: '_blank' }
      return el('a', attributes, texts.of('social.continue', { provider: nameOf(id) }))
    }
    return el('div', { class: 'cloakroom-actions' }, ...providers.getSnapshot().map(link), drawCancel(given))
  }

  function drawContent(given: RequireRecentProps & Drawn): View {
    const { texts, id } = given
    const { user } = session.getSnapshot()
    const reason = texts.of(user?.has_password ? 'reauthentication.text' : 'reauthentication.by_provider')
    const intro = [
      el('h2', { id: `${id}-heading`, class: 'cloakroom-heading' }, texts.of('reauthentication.heading')),
      el('p', { id: `${id}-reason`, class: 'cloakroom-hint' }, reason),
      el('p', { class: 'cloakroom-account' }, user?.email),
    ]
    return [intro, user?.has_password ? drawPassword(given, user.email) : drawProviders(given)]
  }

  return {
    ...countChanges([...view.sources, reauthentication, session, config, providers]),
    start: view.start,
    settle,
    draw(given) {
      const attributes = {
        ref: refDialog,
        class: 'cloakroom cloakroom-dialog',
        'aria-labelledby': `${given.id}-heading`,
        'aria-describedby': `${given.id}-reason`,
        onCancel: escape,
        onClose: closed,
      }
      return [slot('default'), el('dialog', attributes, reauthentication.getSnapshot() && drawContent(given))]
    },
  }
}
