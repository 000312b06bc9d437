import { createStore, type Observable } from './observable.js'

/** A part of the page that a button opens, such as a menu. The state is true while it is open. */
export interface Disclosure extends Observable<boolean> {
  toggle(): void
  close(): void
  /** Tells where button and content are on the page. Escape, a press elsewhere and leaving with Tab close it, until the end. */
  start(root: HTMLElement): () => void
}

/** Creates a part that a button opens. */
export function createDisclosure(): Disclosure {
  const open = createStore(false)
  const close = () => open.set(false)
  return {
    getSnapshot: open.getSnapshot,
    subscribe: open.subscribe,
    toggle: () => open.set(!open.getSnapshot()),
    close,
    start(root) {
      const listening = new AbortController()
      const { signal } = listening
      root.addEventListener(
        'keydown',
        (event) => {
          if (event.key !== 'Escape' || !open.getSnapshot()) return
          close()
          root.querySelector('button')?.focus()
        },
        { signal },
      )
      root.addEventListener(
        'focusout',
        (event) => {
          if (event.relatedTarget instanceof Node && !root.contains(event.relatedTarget)) close()
        },
        { signal },
      )
      document.addEventListener(
        'pointerdown',
        (event) => {
          if (event.target instanceof Node && !root.contains(event.target)) close()
        },
        { signal },
      )
      return () => listening.abort()
    },
  }
}
