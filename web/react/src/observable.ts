import type { Observable } from '@cloakroom/client/kit'
import { useSyncExternalStore } from 'react'

/** Returns the state of an observable. The component is drawn again when it changes. */
export function useObservable<State>({ subscribe, getSnapshot }: Observable<State>): State {
  return useSyncExternalStore(subscribe, getSnapshot, getSnapshot)
}
