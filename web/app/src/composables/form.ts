import type { Problem, ProblemCode, Result } from '@cloakroom/client'
import { createForm, tellErrors, type FormField as Field, type SubmissionPhase, type SummaryItem } from '@cloakroom/client/kit'
import { useObservable } from '@cloakroom/vue'
import { computed, nextTick, onScopeDispose, watch, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { useTexts } from './texts'

export type { SummaryItem } from '@cloakroom/client/kit'

/** Something on the page that can take the focus. */
type Focusable = { focus(): void } | null

/** A field as the page shows it. */
export interface FieldOnPage {
  readonly id: string | undefined
  /** Returns the text of its label. */
  label(): string
  focus(): void
  /** Updates its value from the `<input>`. */
  read(): void
  /** Hides a password that is shown. */
  hide?(): void
}

/** A field of a form. Its name is the one in the API, so that the server's errors reach it. */
export interface FormField extends Field {
  value: Ref<string>
  /** Its place on the page. */
  at: Readonly<Ref<FieldOnPage | null>>
}

/** True while the summary above the form lists the fields that are wrong. */
export const SUMMARIZED: InjectionKey<ComputedRef<boolean>> = Symbol('summarized')

/** The parts that a form is made from. */
export interface FormOptions<Name extends string, Data> {
  fields: Record<Name, FormField>
  send(signal: AbortSignal): Promise<Result<Data>>
  done(data: Data): unknown
  /** Problems that belong to one field. */
  about?: Partial<Record<ProblemCode, NoInfer<Name>>>
  /** Texts for problems that need other words on this page. */
  wording?: Partial<Record<ProblemCode, string>>
  /** Lets the page show a problem in its own way. Returns true if it has. */
  handled?(problem: Problem): boolean
  /** Called when a request is given up: the server may have carried it out. */
  abandoned?(): unknown
  /** False for a request that may wait for a dialog, to sign in again or to prove an identity. */
  givesUp?: boolean
}

/** The behaviour of a form: it is checked on submit, sent once at a time, and shows its errors. */
export interface Form<Name extends string = string> {
  readonly phase: Readonly<Ref<SubmissionPhase>>
  /** The error beside each field. */
  readonly errors: ComputedRef<Partial<Record<Name, string>>>
  /** Every error. */
  readonly items: ComputedRef<SummaryItem[]>
  /** The summary above the form: links to the fields that are wrong, if several are, or a problem that belongs to no field. */
  readonly above: ComputedRef<SummaryItem[]>
  /** The server's refusal, if there is one. */
  readonly problem: Readonly<Ref<Problem | null>>
  /** The id to quote to support when the error is unexpected. */
  readonly requestId: ComputedRef<string | undefined>
  /** True when the wait after too many attempts is over. */
  readonly mayTryAgain: Readonly<Ref<boolean>>
  /** Tells the form where its summary is on the page; null when it is gone. */
  setSummary(element: Focusable): void
  submit(): Promise<void>
  /** Gives up the request that is running. */
  cancel(): void
  /** Empties the form. */
  reset(): void
}

/** Creates the behaviour of a form, which ends with the component. */
export function useForm<Name extends string, Data>(options: FormOptions<Name, Data>): Form<Name> {
  const texts = useTexts()
  const { fields } = options
  const names = Object.keys(fields) as Name[]
  const form = createForm<Name, Data>({ ...options, send: (_values, signal) => options.send(signal) })
  const state = useObservable(form)
  onScopeDispose(form.stop)

  for (const name of names) {
    const { value, at } = fields[name]
    form.attach(name, {
      get value() {
        return value.value
      },
      set value(text) {
        value.value = text
      },
      focus: () => at.value?.focus(),
      hide: () => at.value?.hide?.(),
    })
    watch(value, () => form.edited(name))
  }

  const told = computed(() => {
    // The form is not reactive; its state is.
    void state.value
    return tellErrors(form, texts, (name) => ({ id: fields[name].at.value?.id, label: fields[name].at.value?.label() }))
  })

  let summary: Focusable = null
  watch(
    () => state.value.focus,
    (focus) => (focus?.on === 'summary' ? summary?.focus() : focus && fields[focus.on].at.value?.focus()),
    { flush: 'post' },
  )

  return {
    phase: computed(() => state.value.phase),
    errors: computed(() => told.value.fields),
    items: computed(() => told.value.items),
    above: computed(() => told.value.above),
    problem: computed(() => state.value.problem),
    requestId: computed(() => told.value.requestId),
    mayTryAgain: computed(() => state.value.mayTryAgain),
    setSummary(element) {
      summary = element
    },
    async submit() {
      for (const name of names) fields[name].at.value?.read()
      // A value reaches the model of the parent with the next update.
      await nextTick()
      await form.submit()
    },
    cancel: form.cancel,
    reset: form.reset,
  }
}
