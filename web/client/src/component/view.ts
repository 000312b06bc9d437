import type { Observable } from '../observable.js'
import type { Texts } from '../text/texts.js'

/**
 * The view of a component, without a framework: a kit turns it into its own elements. So the components of all kits have the same
 * markup. The names of attributes are HTML's, and those of events Vue's (`onClick`).
 */
export type View = string | number | boolean | null | undefined | ViewElement | ViewSlot | View[]

/** An element of HTML. */
export interface ViewElement {
  tag: string
  attributes: Record<string, unknown>
  children: View[]
}

/** A place that an app can fill in its own way. */
export interface ViewSlot {
  slot: string
  /** The facts that the app gets there. */
  values: Record<string, unknown>
  /** The content when the app puts nothing there. */
  fallback: View
}

/** Creates an element. */
export function el(tag: string, attributes: Record<string, unknown> = {}, ...children: View[]): ViewElement {
  return { tag, attributes, children }
}

/** Creates a place that an app can fill in its own way. */
export function slot(name: string, fallback: View = null, values: Record<string, unknown> = {}): ViewSlot {
  return { slot: name, values, fallback }
}

/** Hides a text from the eye, but not from screen readers, also without a style sheet. */
export const HIDDEN = {
  position: 'absolute',
  width: '1px',
  height: '1px',
  overflow: 'hidden',
  clipPath: 'inset(50%)',
  whiteSpace: 'nowrap',
} as const

/** The behaviour and the looks of a component. Its state counts the changes: draw again when it is another number. */
export interface Model<Given> extends Observable<number> {
  /** Begins when the component is on the page, until the returned function is called. It may begin again after that. */
  start(): () => void
  /** Draws the component with what it is given. */
  draw(given: Given): View
  /** Moves the focus, if the last change asks for it. Call it after each time that the page was drawn. */
  settle(): void
}

/** The options of every component. */
export interface Drawn {
  /** A part of ids that no other component has. */
  id: string
  texts: Texts
  /** Returns whether the app fills a slot. */
  fills(slot: string): boolean
}

/** Counts the changes of several observables. */
export function countChanges(sources: Observable<unknown>[]): Observable<number> {
  const look = () => sources.map((source) => source.getSnapshot())
  let seen = look()
  let count = 0
  return {
    getSnapshot() {
      const now = look()
      if (now.some((state, index) => !Object.is(state, seen[index]))) {
        seen = now
        count += 1
      }
      return count
    },
    subscribe(listener) {
      const stops = sources.map((source) => source.subscribe(listener))
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}
