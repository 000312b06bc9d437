import type { FieldProblem, Problem, ProblemCode, Result } from '@cloakroom/client'
import { computed, nextTick, ref, shallowRef, watch, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { appName, passwordMinLength } from '../state/app-config'
import { useCountdown } from './countdown'
import { useProblemText } from './problem-text'
import { useSubmission, type SubmissionPhase } from './submission'

/** One thing that is wrong, as the summary above a form shows it. */
export interface SummaryItem {
  /** The visible text; it may count down. */
  text: string
  /** The text for screen readers, where it differs. */
  spoken?: string | undefined
  /** The id of the field that it is about. */
  field?: string | undefined
  /** The label of that field. */
  label?: string | undefined
  /** A hint for developers, sent only by a server in `dev` mode. */
  hint?: string | undefined
}

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
export interface FormField {
  value: Ref<string>
  /** Checks the value before it is sent. Returns null, or a code that has a text under `fields`. */
  check(value: string): string | null
  /** Its place on the page. */
  at: Readonly<Ref<FieldOnPage | null>>
  /** True for a password: it is emptied when the server refuses it. */
  secret?: boolean
  /** The key of its texts under `fields`, where that is not its name. */
  texts?: string
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

/** Creates the behaviour of a form. */
export function useForm<Name extends string, Data>(options: FormOptions<Name, Data>): Form<Name> {
  const { t, te } = useI18n()
  const { textOf, isUnexpected } = useProblemText()
  const submission = useSubmission({ givesUp: options.givesUp ?? true })
  const fields = Object.entries<FormField>(options.fields) as [Name, FormField][]

  /** The fields that failed our own check or the server's. */
  const wrong = ref<FieldProblem[]>([])
  const problem = shallowRef<Problem | null>(null)
  const mayTryAgain = ref(false)
  let summary: Focusable = null

  const retryAt = computed(() => (problem.value?.code === 'rate_limited' ? (problem.value.retry_at ?? null) : null))
  const countdown = useCountdown(retryAt)
  watch(countdown.seconds, (seconds) => {
    if (seconds > 0 || retryAt.value === null) return
    problem.value = null
    mayTryAgain.value = true
  })

  const tell = (about: Problem) => {
    const key = options.wording?.[about.code]
    return key ? t(key, { app: appName.value }) : textOf(about)
  }
  const aboutField = computed(() => problem.value && options.about?.[problem.value.code])
  const errors = computed(() => {
    const texts: Partial<Record<Name, string>> = {}
    for (const { field, code, detail } of wrong.value) {
      const key = `fields.${options.fields[field as Name]?.texts ?? field}.${code}`
      texts[field as Name] ??= te(key) ? t(key, { count: passwordMinLength.value ?? 0 }) : detail
    }
    if (problem.value && aboutField.value) texts[aboutField.value] = tell(problem.value)
    return texts
  })

  const items = computed<SummaryItem[]>(() => {
    const found: SummaryItem[] = []
    for (const [name, { at }] of fields) {
      const text = errors.value[name]
      if (text) found.push({ text, field: at.value?.id ?? name, label: at.value?.label() })
    }
    if (countdown.seconds.value > 0) {
      found.push({
        text: t('problems.rate_limited_until', { time: countdown.clock.value }),
        spoken: t('problems.rate_limited_until', { time: countdown.spoken.value }),
      })
    } else if (problem.value && found.length === 0) {
      found.push({ text: tell(problem.value), hint: problem.value.hint })
    }
    return found
  })

  // Each error is shown once. A single one stands at its field; several get links in the summary, too.
  const above = computed<SummaryItem[]>(() => {
    const [first, second] = items.value
    return first?.field === undefined || second ? items.value : []
  })

  /** Moves the focus to the summary, or to the only field that is wrong. */
  async function focusErrors() {
    await nextTick()
    if (above.value.length > 0) return summary?.focus()
    fields.find(([name]) => errors.value[name])?.[1].at.value?.focus()
  }

  function check(): FieldProblem[] {
    return fields.flatMap(([field, { value, check }]) => {
      const code = check(value.value)
      return code === null ? [] : [{ field, code, detail: '' }]
    })
  }

  // While somebody types, only the errors on the page are checked again. New ones wait for the next submit.
  for (const [name, { value }] of fields) {
    watch(value, () => {
      if (problem.value?.code === 'validation_failed') {
        wrong.value = wrong.value.filter(({ field }) => field !== name)
        if (wrong.value.length === 0) problem.value = null
      } else {
        wrong.value = check().filter(({ field }) => wrong.value.some((before) => before.field === field))
      }
    })
  }

  /** Empties the passwords that the server refused. After a failed request they stay, for the next attempt. */
  function forget(refused: Problem) {
    const judged = refused.code === 'invalid_credentials' || refused.code === 'account_inactive'
    for (const [, field] of fields) if (judged && field.secret) field.value.value = ''
  }

  async function submit() {
    if (submission.phase.value !== 'idle') return
    for (const [, { at }] of fields) at.value?.read()
    // A value reaches the model of the parent with the next update.
    await nextTick()
    mayTryAgain.value = false
    problem.value = null
    wrong.value = check()
    for (const [, { at }] of fields) at.value?.hide?.()
    if (wrong.value.length === 0) {
      const result = await submission.send(options.send)
      if (!result) return
      if (result.ok) return void (await options.done(result.data))
      const refused = result.problem
      if (refused.code === 'aborted') options.abandoned?.()
      // Cancelling the dialog that asks for proof leaves the form as it was.
      if (refused.code === 'reauthentication_required' || options.handled?.(refused)) return
      problem.value = refused
      wrong.value = refused.errors
      forget(refused)
    }
    await focusErrors()
  }

  return {
    phase: submission.phase,
    errors,
    items,
    above,
    problem,
    requestId: computed(() => (problem.value && isUnexpected(problem.value) ? problem.value.request_id : undefined)),
    mayTryAgain,
    setSummary(element) {
      summary = element
    },
    submit,
    // The server may have carried out the request all the same.
    cancel() {
      submission.cancel()
      options.abandoned?.()
    },
    reset() {
      submission.cancel()
      problem.value = null
      for (const [, { value }] of fields) value.value = ''
      wrong.value = []
      mayTryAgain.value = false
    },
  }
}
