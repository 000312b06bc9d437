import { createPartialStore, type Observable } from '../observable.js'

/** The state of a password field beside its value. */
export interface PasswordFieldState {
  /** True while the password can be read. */
  readonly visible: boolean
  /** The announcement to screen readers after "Show" and "Hide"; null when there is nothing to say. */
  readonly said: 'visible' | 'hidden' | null
  /** True while Caps Lock is on. */
  readonly capsLock: boolean
}

/** The behaviour of a field for a password. */
export interface PasswordField extends Observable<PasswordFieldState> {
  toggle(): void
  /** Hides the password, without a word. */
  hide(): void
  /** Looks at each key for Caps Lock. */
  key(event: Pick<KeyboardEvent, 'getModifierState'>): void
  /** The field has lost the focus. */
  blur(): void
  /** Hides the password of a page that the back-forward cache restores, until the returned function is called. */
  start(): () => void
}

/** Creates the behaviour of a field for a password. */
export function createPasswordField(): PasswordField {
  const state = createPartialStore<PasswordFieldState>({ visible: false, said: null, capsLock: false })
  const hide = () => state.change({ visible: false, said: null })
  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    toggle() {
      const visible = !state.getSnapshot().visible
      state.change({ visible, said: visible ? 'visible' : 'hidden' })
    },
    hide,
    // Some programs fill in fields with events of another kind.
    key: (event) => state.change({ capsLock: event.getModifierState?.('CapsLock') ?? false }),
    blur: () => state.change({ capsLock: false }),
    start() {
      window.addEventListener('pageshow', hide)
      return () => window.removeEventListener('pageshow', hide)
    },
  }
}
