import { createPartialStore, type Observable } from '../observable.js'
import type { FieldProblem, Problem, ProblemCode, Result } from '../problem.js'
import { createCountdown, type TimeLeft } from './countdown.js'
import type { Check } from './checks.js'
import { createSubmission, type SubmissionPhase } from './submission.js'

/** A field of a form. Its name is the one in the API, so that the server's errors reach it. */
export interface FormField {
  /** Checks the value before it is sent. Returns null, or a code that has a text under `fields`. */
  check: Check
  /** True for a password: it is emptied when the server refuses it. */
  secret?: boolean
  /** The key of its texts under `fields`, where that is not its name. */
  texts?: string
}

/** A field as the page has it: an `<input>`, or something that behaves like one. */
export interface FormInput {
  value: string
  focus(): void
  /** Hides a password that is shown. */
  hide?(): void
}

/** The parts that a form is made from. */
export interface FormOptions<Name extends string, Data> {
  fields: Record<Name, FormField>
  /** Sends the values of the fields. */
  send(values: Record<Name, string>, signal: AbortSignal): Promise<Result<Data>>
  done(data: Data): unknown
  /** Problems that belong to one field. */
  about?: Partial<Record<ProblemCode, NoInfer<Name>>>
  /** Keys of the texts for problems that need other words on this page. */
  wording?: Partial<Record<ProblemCode, string>>
  /** Lets the page show a problem in its own way. Returns true if it has. */
  handled?(problem: Problem): boolean
  /** Called when a request is given up: the server may have carried it out. */
  abandoned?(): unknown
  /** False for a request that may wait for a dialog, to sign in again or to prove an identity. */
  givesUp?: boolean
}

/** The state of a form. */
export interface FormState<Name extends string> {
  readonly phase: SubmissionPhase
  /** The fields that failed our own check or the server's. */
  readonly wrong: readonly FieldProblem[]
  /** The server's refusal, if there is one. */
  readonly problem: Problem | null
  /** The wait after too many attempts. */
  readonly left: TimeLeft
  /** True when the wait after too many attempts is over. */
  readonly mayTryAgain: boolean
  /** The place that is to get the focus once the errors are shown. Each refusal makes another object. */
  readonly focus: { readonly on: Name | 'summary' } | null
}

/** The behaviour of a form: it is checked on submit, sent once at a time, and shows its errors. */
export interface Form<Name extends string = string> extends Observable<FormState<Name>> {
  readonly fields: Record<Name, FormField>
  readonly about: Partial<Record<ProblemCode, Name>>
  readonly wording: Partial<Record<ProblemCode, string>>
  /** Tells the form where a field is on the page; null when it is gone. */
  attach(name: Name, input: FormInput | null): void
  /** Returns a field as it is on the page. */
  inputOf(name: Name): FormInput | undefined
  /** Tells the form that somebody has changed a field. Only the errors on the page are checked again. */
  edited(name: Name): void
  submit(): Promise<void>
  /** Gives up the request that is running. */
  cancel(): void
  /** Empties the form. */
  reset(): void
  /** Ends requests and timers, when the form leaves the page. */
  stop(): void
}

/** Creates the behaviour of a form. */
export function createForm<Name extends string, Data>(options: FormOptions<Name, Data>): Form<Name> {
  const { fields, about = {}, wording = {} } = options
  const names = Object.keys(fields) as Name[]
  const inputs = new Map<Name, FormInput>()
  const submission = createSubmission({ givesUp: options.givesUp ?? true })
  const countdown = createCountdown()
  const state = createPartialStore<FormState<Name>>({
    phase: 'idle',
    wrong: [],
    problem: null,
    left: countdown.getSnapshot(),
    mayTryAgain: false,
    focus: null,
  })
  submission.subscribe(() => state.change({ phase: submission.getSnapshot() }))
  countdown.subscribe(() => {
    const left = countdown.getSnapshot()
    const isOver = left.seconds === 0 && left.atStart > 0
    state.change({ left, ...(isOver ? { problem: null, mayTryAgain: true } : {}) })
  })

  const valueOf = (name: Name) => inputs.get(name)?.value ?? ''
  const check = (): FieldProblem[] =>
    names.flatMap((field) => {
      const code = fields[field].check(valueOf(field))
      return code === null ? [] : [{ field, code, detail: '' }]
    })

  function refuse(wrong: FieldProblem[], problem: Problem | null) {
    countdown.to(problem?.code === 'rate_limited' ? (problem.retry_at ?? null) : null)
    state.change({ wrong, problem, focus: { on: whereToLook(names, { wrong, problem }, about) } })
  }

  /** Empties the passwords that the server refused. After a failed request they stay, for the next attempt. */
  function forget({ code }: Problem) {
    if (code !== 'invalid_credentials' && code !== 'account_inactive') return
    for (const name of names) if (fields[name].secret) write(name, '')
  }

  function write(name: Name, value: string) {
    const input = inputs.get(name)
    if (input) input.value = value
  }

  function clear() {
    countdown.to(null)
    state.change({ wrong: [], problem: null, mayTryAgain: false })
  }

  async function submit() {
    if (submission.getSnapshot() !== 'idle') return
    clear()
    const wrong = check()
    for (const input of inputs.values()) input.hide?.()
    if (wrong.length > 0) return refuse(wrong, null)
    const values = Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<Name, string>
    const result = await submission.send((signal) => options.send(values, signal))
    if (!result) return
    if (result.ok) return void (await options.done(result.data))
    const problem = result.problem
    if (problem.code === 'aborted') options.abandoned?.()
    // Cancelling the dialog that asks for proof leaves the form as it was.
    if (problem.code === 'reauthentication_required' || options.handled?.(problem)) return
    forget(problem)
    refuse(problem.errors, problem)
  }

  function edited(name: Name) {
    const { wrong, problem } = state.getSnapshot()
    if (wrong.length === 0) return
    if (problem?.code === 'validation_failed') {
      const left = wrong.filter(({ field }) => field !== name)
      state.change({ wrong: left, problem: left.length === 0 ? null : problem })
    } else {
      state.change({ wrong: check().filter(({ field }) => wrong.some((before) => before.field === field)) })
    }
  }

  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    fields,
    about,
    wording,
    attach(name, input) {
      if (input) inputs.set(name, input)
      else inputs.delete(name)
    },
    inputOf: (name) => inputs.get(name),
    edited,
    submit,
    cancel() {
      submission.cancel()
      options.abandoned?.()
    },
    reset() {
      submission.cancel()
      for (const name of names) write(name, '')
      clear()
    },
    stop() {
      submission.cancel()
      countdown.to(null)
    },
  }
}

/** Returns the names of the fields that have an error, in their order. */
export function wrongFields<Name extends string>(
  names: Name[],
  { wrong, problem }: Pick<FormState<Name>, 'wrong' | 'problem'>,
  about: Partial<Record<ProblemCode, Name>>,
): Name[] {
  const blamed = problem ? about[problem.code] : undefined
  return names.filter((name) => name === blamed || wrong.some(({ field }) => field === name))
}

/** Returns the place for the focus: the only field that is wrong, or the summary above the form. */
function whereToLook<Name extends string>(
  names: Name[],
  state: Pick<FormState<Name>, 'wrong' | 'problem'>,
  about: Partial<Record<ProblemCode, Name>>,
): Name | 'summary' {
  const [first, second] = wrongFields(names, state, about)
  return first === undefined || second !== undefined ? 'summary' : first
}
