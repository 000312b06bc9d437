/** The parts that forms are built from: their fields, their summary of errors, the button that sends them. */
import { tellErrors, type FormErrors, type SummaryItem } from '../form/errors.js'
import type { Form } from '../form/form.js'
import { createPasswordField, type PasswordField } from '../form/password-field.js'
import type { SubmissionPhase } from '../form/submission.js'
import { createStore, type Observable, type Store } from '../observable.js'
import type { Texts } from '../text/texts.js'
import { el, HIDDEN, type Drawn, type View, type ViewElement } from './view.js'

/** A button that shows the progress of its request. */
export interface SubmitView {
  phase: SubmissionPhase
  label: string
  busyLabel: string
  look?: 'primary' | 'secondary'
  type?: 'submit' | 'button'
  before?: View
  after?: View
  onClick?: () => void
  onCancel: () => void
}

/** Draws a button that shows the progress of its request, and offers to cancel a slow one. */
export function drawSubmit(texts: Texts, view: SubmitView): ViewElement {
  const { phase, label, busyLabel, look = 'primary', type = 'submit', onClick, onCancel } = view
  const waiting = phase === 'busy' || phase === 'slow'
  // A style sheet keeps room for the other label, so that the button keeps its width.
  const [now, other] = waiting ? [busyLabel, label] : [label, busyLabel]
  return el(
    'div',
    { class: 'cloakroom-submit' },
    el(
      'button',
      { type, class: 'cloakroom-button', 'data-look': look, 'aria-busy': waiting, onClick },
      view.before,
      waiting && el('span', { class: 'cloakroom-spinner', 'aria-hidden': 'true' }),
      el('span', { class: 'cloakroom-button-label', 'data-other': other }, now),
      view.after,
    ),
    el('p', { class: 'cloakroom-slow', role: 'status' }, phase === 'slow' && [`${texts.of('submission.slow')} `, drawButton(texts.of('submission.cancel'), onCancel)]),
  )
}

/** Draws a button without a request. */
export function drawButton(label: View, onClick: () => void, look: 'secondary' | 'quiet' = 'quiet'): ViewElement {
  return el('button', { type: 'button', class: 'cloakroom-button', 'data-look': look, onClick }, label)
}

/** The options of a field. */
export interface FieldView {
  /** The key of its label. */
  label: string
  hint?: string | undefined
  /** The attributes of the `<input>`. */
  input: Record<string, unknown>
  /** The name of another field whose error marks this one, too. */
  wrongWith?: string | undefined
  /** Parts beside the label, after the `<input>`, and below the field. The last moves nothing that follows. */
  aside?: View
  after?: View
  note?: View
}

/** A form with its place on a page. */
export interface FormView<Name extends string> {
  readonly sources: Observable<unknown>[]
  start(): () => void
  settle(): void
  /** Returns whether an error is shown. */
  hasErrors(): boolean
  field(name: Name, given: Drawn, view: FieldView): View
  passwordField(name: Name, given: Drawn, view: FieldView): View
  draw(given: Drawn, view: { label: string; busyLabel: string; fields: View; actions?: View }): View
}

/** The `<input>` of a field, and the value that it starts with. */
interface Place {
  element: HTMLInputElement | null
  ref(element: unknown): void
}

/** Creates the place of a form on a page. `labels` are the keys of the labels of its fields. */
export function createFormView<Name extends string>(
  form: Form<Name>,
  labels: Record<Name, string>,
  initial: (name: Name) => string = () => '',
): FormView<Name> {
  const names = Object.keys(labels) as Name[]
  const secrets = new Map<Name, PasswordField>()
  const copied = createStore(false)
  const summary: { element: HTMLElement | null } = { element: null }
  const places = new Map(names.map((name) => [name, createPlace(name)]))
  for (const name of names) if (form.fields[name].secret || form.fields[name].texts === 'new_password') secrets.set(name, createPasswordField())
  let settled = form.getSnapshot().focus

  function createPlace(name: Name): Place {
    const place: Place = {
      element: null,
      ref(element) {
        if (!(element instanceof HTMLInputElement)) {
          place.element = null
          form.attach(name, null)
        } else if (element !== place.element) {
          place.element = element
          const start = initial(name)
          if (start !== '' && element.value === '') element.value = start
          form.attach(name, {
            get value() {
              return element.value
            },
            set value(text) {
              element.value = text
            },
            focus: () => element.focus(),
            hide: () => secrets.get(name)?.hide(),
          })
        }
      },
    }
    return place
  }

  const tell = ({ id, texts }: Drawn): FormErrors<Name> =>
    tellErrors(form, texts, (name) => ({ id: `${id}-${name}`, label: texts.of(labels[name]) }))

  function field(name: Name, given: Drawn, view: FieldView): View {
    const { fields, above } = tell(given)
    return drawField(given, name, {
      ...view,
      error: fields[name],
      // A single error is announced at its field. With several, the summary is announced instead.
      errorRole: above.length > 0 ? undefined : 'alert',
      input: { onInput: () => form.edited(name), ...view.input, ref: places.get(name)?.ref },
    })
  }

  return {
    sources: [form, copied, ...secrets.values()],
    hasErrors: () => {
      const { wrong, problem } = form.getSnapshot()
      return wrong.length > 0 || problem !== null
    },
    start() {
      const stops = [...secrets.values()].map((secret) => secret.start())
      return () => {
        for (const stop of stops) stop()
        form.stop()
      }
    },
    settle() {
      const { focus } = form.getSnapshot()
      if (focus === settled) return
      settled = focus
      if (focus?.on === 'summary') summary.element?.focus()
      else if (focus) form.inputOf(focus.on)?.focus()
    },
    field,
    passwordField(name, given, view) {
      const secret = secrets.get(name)
      if (!secret) throw new Error(`${name} is no password`)
      const input = { ...secretInput(secret), ...view.input }
      const capsLock = secret.getSnapshot().capsLock && given.texts.of('password.caps_lock')
      const note = el('p', { role: 'status', class: 'cloakroom-caps-lock' }, capsLock)
      return field(name, given, { ...view, input, after: drawToggle(given, `${given.id}-${name}`, secret), note })
    },
    draw(given, { label, busyLabel, fields, actions }) {
      const { texts } = given
      const { phase, mayTryAgain } = form.getSnapshot()
      const refSummary = (element: unknown) => void (summary.element = element as HTMLElement | null)
      return el(
        'form',
        { class: 'cloakroom-form', method: 'post', novalidate: true, onSubmit: (event: SubmitEvent) => submit(event, form) },
        drawSummary(given, tell(given), copied, refSummary),
        el('p', { class: 'cloakroom-again', role: 'status' }, mayTryAgain && texts.of('submission.again')),
        fields,
        el('div', { class: 'cloakroom-actions' }, drawSubmit(texts, { label, busyLabel, phase, onCancel: form.cancel }), actions),
      )
    },
  }
}

/** Sends a form. The button gets the focus, also after Enter in a field, because its label shows the progress. */
function submit(event: SubmitEvent, form: Form): void {
  event.preventDefault()
  const button = event.submitter ?? (event as SubmitEvent & { nativeEvent?: SubmitEvent }).nativeEvent?.submitter
  button?.focus()
  void form.submit()
}

/** Draws a label, a hint, an error and an `<input>`, connected for assistive technology. */
function drawField(
  { id, texts }: Drawn,
  name: string,
  view: FieldView & { error: string | undefined; errorRole: 'alert' | undefined },
): View {
  const { hint, error, wrongWith, aside, after, note } = view
  const own = `${id}-${name}`
  const wrong = error ? `${own}-error` : wrongWith && `${id}-${wrongWith}-error`
  const described = [hint && `${own}-hint`, wrong].filter(Boolean).join(' ')
  const attributes = {
    id: own,
    class: 'cloakroom-input',
    name,
    'aria-invalid': wrong ? 'true' : undefined,
    'aria-describedby': described || undefined,
    ...view.input,
  }
  const message =
    error &&
    el(
      'p',
      { id: `${own}-error`, class: 'cloakroom-error', role: view.errorRole },
      el('span', { style: HIDDEN }, texts.of('error_summary.prefix')),
      ` ${error}`,
    )
  return el(
    'div',
    { class: 'cloakroom-field', 'data-field': name, 'data-wrong': wrong ? '' : undefined },
    el('label', { class: 'cloakroom-label', for: own }, texts.of(view.label)),
    el('div', { class: 'cloakroom-control' }, el('input', attributes), after),
    // After the input, so that Tab leads on from it; a style sheet puts it beside the label.
    aside && el('div', { class: 'cloakroom-aside' }, aside),
    message,
    hint && el('p', { id: `${own}-hint`, class: 'cloakroom-hint' }, hint),
    note && el('div', { class: 'cloakroom-note' }, note),
  )
}

/** Returns the attributes of an `<input>` for a password. */
function secretInput(secret: PasswordField): Record<string, unknown> {
  // React wraps events; Caps Lock is asked of the browser's.
  const onKey = (event: KeyboardEvent & { nativeEvent?: KeyboardEvent }) => secret.key(event.nativeEvent ?? event)
  const { visible } = secret.getSnapshot()
  return {
    type: visible ? 'text' : 'password',
    spellcheck: false,
    autocapitalize: 'none',
    onKeydown: onKey,
    onKeyup: onKey,
    onBlur: secret.blur,
  }
}

/** Draws the "Show" button of a password. */
function drawToggle({ texts }: Drawn, field: string, secret: PasswordField): View {
  const { visible, said } = secret.getSnapshot()
  return [
    el(
      'button',
      {
        type: 'button',
        class: 'cloakroom-toggle',
        'aria-controls': field,
        'aria-label': texts.of(visible ? 'password.hide_label' : 'password.show_label'),
        onClick: secret.toggle,
      },
      texts.of(visible ? 'password.hide' : 'password.show'),
    ),
    el('span', { role: 'status', style: HIDDEN }, said && texts.of(`password.${said}`)),
  ]
}

function drawItem({ text, spoken, hint }: SummaryItem): View {
  const line = spoken ? el('p', {}, el('span', { 'aria-hidden': 'true' }, text), el('span', { style: HIDDEN }, spoken)) : el('p', {}, text)
  return [line, hint && el('p', { class: 'cloakroom-developer-hint' }, hint)]
}

/** Draws the summary of a form: links to the fields that are wrong, or a problem that belongs to no field. */
function drawSummary<Name extends string>(
  { id, texts }: Drawn,
  { above, requestId }: FormErrors<Name>,
  copied: Store<boolean>,
  ref: (element: unknown) => void,
): View {
  if (above.length === 0) return null
  const headingId = `${id}-errors`
  const listsFields = above.every(({ field }) => field !== undefined)
  const link = ({ field = '', label }: SummaryItem) => {
    const onClick = (event: Event) => {
      event.preventDefault()
      document.getElementById(field)?.focus()
    }
    return el('li', { key: field }, el('a', { href: `#${field}`, onClick }, label))
  }
  const content = listsFields
    ? [el('p', { id: headingId, class: 'cloakroom-errors-heading' }, texts.of('error_summary.heading')), el('ul', {}, ...above.map(link))]
    : above.map(drawItem)
  const attributes = { ref, class: 'cloakroom-errors', role: 'alert', tabindex: -1, 'aria-labelledby': listsFields ? headingId : undefined }
  return el('div', attributes, ...content, requestId && drawRequestId(texts, requestId, copied))
}

/** Draws the id of a request that failed, to quote to support. */
function drawRequestId(texts: Texts, id: string, copied: Store<boolean>): View {
  // Browsers have no clipboard on plain http, except on localhost. The id can still be selected.
  const copy = () => void navigator.clipboard?.writeText(id).then(() => copied.set(true), () => undefined)
  return el(
    'p',
    { class: 'cloakroom-request-id' },
    el('code', {}, id),
    el(
      'button',
      { type: 'button', class: 'cloakroom-button', 'data-look': 'secondary', 'aria-label': texts.of('unexpected.copy_label'), onClick: copy },
      texts.of('unexpected.copy'),
    ),
    el('span', { role: 'status' }, copied.getSnapshot() && texts.of('unexpected.copied')),
  )
}

/** Draws the account of a form that is for no other, for password managers. People read it elsewhere on the page. */
export function drawFixedAccount(email: string): View {
  return el('input', { type: 'email', name: 'email', autocomplete: 'username', readonly: true, hidden: true, value: email })
}

/** The attributes of a field for an address. */
export const EMAIL_INPUT = { type: 'email', spellcheck: false, autocapitalize: 'none' } as const
