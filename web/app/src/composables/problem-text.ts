import type { Problem } from '@cloakroom/client'
import { useI18n } from 'vue-i18n'
import { appName } from '../state/app-config'

/** Tells a problem in the reader's language, by its code. */
export interface ProblemText {
  /** One or two sentences: what happened, and what to do. */
  textOf(problem: Problem): string
  /** Whether nothing better than "something went wrong" can be said, so that the request id is worth telling. */
  isUnexpected(problem: Problem): boolean
}

/** All that is said about problems, in one place. */
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
