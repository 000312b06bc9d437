import type { Problem } from '@cloakroom/client'
import { isUnexpected, problemText } from '@cloakroom/client/kit'
import { useTexts } from './texts'

/** Texts for problems in the language of the page. */
export interface ProblemText {
  /** Returns one or two sentences: what happened, and what to do. */
  textOf(problem: Problem): string
  /** Returns whether the problem has no text of its own, so that the request id should be shown. */
  isUnexpected(problem: Problem): boolean
}

/** Finds the text of a problem by its code. */
export function useProblemText(): ProblemText {
  const texts = useTexts()
  return {
    textOf: (problem) => problemText(problem, texts),
    isUnexpected: (problem) => isUnexpected(problem, texts),
  }
}
