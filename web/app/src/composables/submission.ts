import { createSubmission, type Submission as Behaviour, type SubmissionPhase } from '@cloakroom/client/kit'
import { useObservable } from '@cloakroom/vue'
import { onScopeDispose, type Ref } from 'vue'

export type { SubmissionPhase } from '@cloakroom/client/kit'

/** One request at a time, with its progress. */
export interface Submission extends Pick<Behaviour, 'send' | 'cancel'> {
  readonly phase: Readonly<Ref<SubmissionPhase>>
}

/** Creates a submission that ends with the component. With `givesUp: false` it has no time limit. */
export function useSubmission(options: { givesUp?: boolean } = {}): Submission {
  const submission = createSubmission(options)
  onScopeDispose(submission.cancel)
  return { phase: useObservable(submission), send: submission.send, cancel: submission.cancel }
}
