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

/** Where a field is on the page. */
export interface FieldOnPage {
  readonly id: string | undefined
  /** What stands above it. */
  label(): string
  focus(): void
  /** Brings its value up to date with what it holds on the page. */
  read(): void
  /** Covers up a password that is shown. */
  hide?(): void
}

/** A field of a form. Its name is the wire's, so that what the server says about it finds its place. */
export interface FormField {
  value: Ref<string>
  /** What is wrong with it before it is sent: a code with a text under `fields`. */
  check(value: string): string | null
  /** Where it is on the page. */
  at: Readonly<Ref<FieldOnPage | null>>
  /** Emptied once the server has judged it. */
  secret?: boolean
  /** Where its texts are under `fields`, if not under its name. */
  texts?: string
}

/** Whether the form says above its fields which of them are wrong. */
export const SUMMARIZED: InjectionKey<ComputedRef<boolean>> = Symbol('summarized')

/** What a form is made from. */
export interface FormOptions<Name extends string, Data> {
  fields: Record<Name, FormField>
  send(signal: AbortSignal): Promise<Result<Data>>
  done(data: Data): unknown
  /** Problems that are about one field. */
  about?: Partial<Record<ProblemCode, NoInfer<Name>>>
  /** Texts for problems that mean something else here than elsewhere. */
  wording?: Partial<Record<ProblemCode, string>>
  /** Problems that the page tells in its own way; true when it has. */
  handled?(problem: Problem): boolean
  /** What a request may have done that was not waited for. */
  abandoned?(): unknown
  /** False for a request that may wait for somebody to sign in again, or to prove who they are. */
  givesUp?: boolean
}

/** One form: checked on submit, sent once at a time, and its errors told as people need them. */
export interface Form<Name extends string = string> {
  readonly phase: Readonly<Ref<SubmissionPhase>>
  /** What stands beside each field. */
  readonly errors: ComputedRef<Partial<Record<Name, string>>>
  /** All that is wrong. */
  readonly items: ComputedRef<SummaryItem[]>
  /** What stands above the form: links to the wrong fields, if there are several, or what is about no field. */
  readonly above: ComputedRef<SummaryItem[]>
  /** What the server has refused, if it has. */
  readonly problem: Readonly<Ref<Problem | null>>
  /** To be quoted, when nothing better can be said. */
  readonly requestId: ComputedRef<string | undefined>
  /** The wait after too many tries is over. */
  readonly mayTryAgain: Readonly<Ref<boolean>>
  /** Tells the form where its summary is on the page; null when it is gone. */
  setSummary(element: Focusable): void
  submit(): Promise<void>
  /** Ends what is under way. */
  cancel(): void
  /** Back to how it was before anything was typed or sent. */
  reset(): void
}

/** Makes the behaviour of a form. */
export function useForm<Name extends string, Data>(options: FormOptions<Name, Data>): Form<Name> {
  const { t, te } = useI18n()
  const { textOf, isUnexpected } = useProblemText()
  const submission = useSubmission({ givesUp: options.givesUp ?? true })
  const fields = Object.entries<FormField>(options.fields) as [Name, FormField][]

  /** Fields that cannot be sent as they are, by our own check or the server's. */
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

  // Each error is told once: at its field. Above the form stands what has no field, and the way to the fields if there are several.
  const above = computed<SummaryItem[]>(() => {
    const [first, second] = items.value
    return first?.field === undefined || second ? items.value : []
  })

  /** Moves the focus to what is told: above the form, or at the only field that is wrong. */
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

  // Only what was wrong is looked at again while somebody types; nothing new is found fault with before the next try.
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

  /** What the server has judged is not kept; what never got there is, for the next try. */
  function forget(refused: Problem) {
    const judged = refused.code === 'invalid_credentials' || refused.code === 'account_inactive'
    for (const [, field] of fields) if (judged && field.secret) field.value.value = ''
  }

  async function submit() {
    if (submission.phase.value !== 'idle') return
    for (const [, { at }] of fields) at.value?.read()
    // What a field holds reaches the model of a parent with the next update.
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
      // Who thinks better of proving who they are comes back to the form as it was.
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
    // Whoever gives up waiting may have been served all the same.
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
