/** State that anybody can read and follow, in the shape that React's `useSyncExternalStore` takes. */
export interface Observable<State> {
  /** Returns the state. It is the same object until something changes. */
  getSnapshot(): State
  /** Calls the listener after each change, until the returned function is called. */
  subscribe(listener: () => void): () => void
}

/** An observable, as its owner has it. */
export interface Store<State> extends Observable<State> {
  /** Replaces the state. */
  set(next: State): void
}

/** Creates a store. */
export function createStore<State>(initial: State): Store<State> {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    getSnapshot: () => state,
    subscribe(listener) {
      // A function of its own, so that one listener may subscribe twice.
      const own = () => listener()
      listeners.add(own)
      return () => listeners.delete(own)
    },
    set(next) {
      if (Object.is(next, state)) return
      state = next
      for (const listener of [...listeners]) listener()
    },
  }
}

/** A store of an object, of which parts can be changed. */
export interface PartialStore<State> extends Observable<State> {
  /** Changes some values of the state. Without a difference, nobody is told. */
  change(values: Partial<State>): void
}

/** Creates a store of an object. */
export function createPartialStore<State extends object>(initial: State): PartialStore<State> {
  const { getSnapshot, subscribe, set } = createStore(initial)
  return {
    getSnapshot,
    subscribe,
    change(values) {
      const now = getSnapshot()
      const isNews = (Object.keys(values) as (keyof State)[]).some((key) => !Object.is(values[key], now[key]))
      if (isNews) set({ ...now, ...values })
    },
  }
}
