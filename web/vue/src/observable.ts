import type { Observable } from '@cloakroom/client/kit'
import { getCurrentScope, onScopeDispose, shallowRef, type ShallowRef } from 'vue'

/** Follows an observable for as long as the component, or the scope, is there. */
export function useObservable<State>(observable: Observable<State>): Readonly<ShallowRef<State>> {
  const state = shallowRef(observable.getSnapshot())
  const stop = observable.subscribe(() => (state.value = observable.getSnapshot()))
  if (getCurrentScope()) onScopeDispose(stop)
  return state
}
