import { createStore, type Observable } from '../observable.js'
import { LAST_PROVIDER, readStored, writeStored } from './storage.js'

/** The id of the provider used for the last sign-in in this browser. It is never an address. */
export interface LastProvider extends Observable<string | null> {
  /** Remembers the provider. After a sign-in by password, or when it was somebody else, null forgets it. */
  keep(id: string | null): void
}

/** Creates the memory of the provider used last. */
export function createLastProvider(): LastProvider {
  const last = createStore(readStored(LAST_PROVIDER))
  return {
    getSnapshot: last.getSnapshot,
    subscribe: last.subscribe,
    keep(id) {
      writeStored(LAST_PROVIDER, id)
      last.set(id)
    },
  }
}
