import type { Problem } from '@cloakroom/client'
import { useI18n } from 'vue-i18n'
import { appName } from '../state/app-config'

/** Texts for problems in the language of the page. */
export interface ProblemText {
  /** Returns one or two sentences: what happened, and what to do. */
  textOf(problem: Problem): string
  /** Returns whether the problem has no text of its own, so that the request id should be shown. */
  isUnexpected(problem: Problem): boolean
}

/** Finds the text of a problem by its code. */
export function useProblemText(): ProblemText {
  const { t, te } = useI18n()
  const keyOf = (problem: Problem) => {
    const key = `problems.${problem.code}`
    return te(key) ? key : 'problems.unexpected'
  }
  return {
    textOf: (problem) => t(keyOf(problem), { app: appName.value }),
    isUnexpected: (problem) => keyOf(problem) === 'problems.unexpected',
  }
}
