import type { Problem } from '../problem.js'
import type { Texts } from '../text/texts.js'
import { clockText, spokenText } from './countdown.js'
import { wrongFields, type Form } from './form.js'

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

/** The errors of a form, in the language of the page. */
export interface FormErrors<Name extends string> {
  /** The error beside each field. */
  fields: Partial<Record<Name, string>>
  /** Every error. */
  items: SummaryItem[]
  /** The summary above the form: links to the fields that are wrong, if several are, or a problem that belongs to no field. */
  above: SummaryItem[]
  /** The id to quote to support when the error is unexpected. */
  requestId: string | undefined
}

/** The id and the label of a field on the page. */
export interface FieldPlace {
  id?: string | undefined
  label?: string | undefined
}

/** Returns the text for a problem: one or two sentences that say what happened, and what to do. */
export function problemText(problem: Problem, texts: Texts): string {
  return texts.of(isUnexpected(problem, texts) ? 'problems.unexpected' : `problems.${problem.code}`)
}

/** Returns whether the problem has no text of its own, so that the request id should be shown. */
export function isUnexpected({ code }: Problem, texts: Texts): boolean {
  return code === 'unexpected' || !texts.has(`problems.${code}`)
}

/** Tells the errors of a form. Each is told once: a single one at its field; several get links in the summary, too. */
export function tellErrors<Name extends string>(form: Form<Name>, texts: Texts, placeOf: (name: Name) => FieldPlace): FormErrors<Name> {
  const state = form.getSnapshot()
  const names = Object.keys(form.fields) as Name[]
  const tell = (problem: Problem) => {
    const key = form.wording[problem.code]
    return key === undefined ? problemText(problem, texts) : texts.of(key)
  }
  const blamed = state.problem ? form.about[state.problem.code] : undefined
  const fields: Partial<Record<Name, string>> = {}
  for (const name of wrongFields(names, state, form.about)) {
    const wrong = state.wrong.find(({ field }) => field === name)
    const key = `fields.${form.fields[name].texts ?? name}.${wrong?.code}`
    if (state.problem && name === blamed) fields[name] = tell(state.problem)
    else if (wrong) fields[name] = texts.has(key) ? texts.of(key) : wrong.detail
  }

  const items: SummaryItem[] = []
  for (const name of names) {
    const text = fields[name]
    const { id, label } = placeOf(name)
    if (text) items.push({ text, field: id ?? name, label })
  }
  if (state.left.seconds > 0) {
    items.push({
      text: texts.of('problems.rate_limited_until', { time: clockText(state.left) }),
      spoken: texts.of('problems.rate_limited_until', { time: spokenText(state.left, texts) }),
    })
  } else if (state.problem && items.length === 0) {
    items.push({ text: tell(state.problem), hint: state.problem.hint })
  }
  const [first, second] = items
  const above = first?.field === undefined || second ? items : []
  const requestId = state.problem && isUnexpected(state.problem, texts) ? state.problem.request_id : undefined
  return { fields, items, above, requestId }
}
