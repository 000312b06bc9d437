import { createPartialStore, type Observable } from './observable.js'

/** The state of a menu: open or closed, and the item that is to get the focus. */
export interface MenuState {
  readonly open: boolean
  readonly first: 'first' | 'last' | null
}

/**
 * The behaviour of a button that opens a menu (WAI-ARIA Authoring Practices, "Menu Button"). The menu holds elements with the role
 * `menuitem` or `menuitemradio`; arrow keys, Home, End and first letters move between them, Escape closes.
 */
export interface Menu extends Observable<MenuState> {
  toggle(): void
  close(): void
  /** Closes the menu and gives the focus back, after a choice or Escape. */
  leave(): void
  /** Opens the menu by an arrow key, when the button has the focus. */
  keyOnButton(event: KeyboardEvent): void
  /** Moves between the items, when the menu has the focus. */
  keyOnItem(event: KeyboardEvent): void
  /** Moves the focus into a menu that has just been drawn. */
  settle(): void
  /** Closes when somebody presses or goes elsewhere, until the returned function is called. `root` holds button and menu. */
  start(root: HTMLElement): () => void
}

/** Creates the behaviour of a menu. */
export function createMenu(): Menu {
  const state = createPartialStore<MenuState>({ open: false, first: null })
  let root: HTMLElement | null = null
  const items = () => [...(root?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
  const show = (first: 'first' | 'last') => state.change({ open: true, first })
  const close = () => state.change({ open: false, first: null })
  const outside = ({ target }: Event) => {
    if (target instanceof Node && !root?.contains(target)) close()
  }

  function leave() {
    close()
    root?.querySelector('button')?.focus()
  }

  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    toggle: () => (state.getSnapshot().open ? close() : show('first')),
    close,
    leave,
    keyOnButton(event) {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
      event.preventDefault()
      show(event.key === 'ArrowUp' ? 'last' : 'first')
    },
    keyOnItem(event) {
      if (event.key === 'Tab') return
      const focused = document.activeElement
      const destination = findDestination(event.key, items(), focused)
      if (event.key === 'Escape') leave()
      // A link does not follow the space bar on its own.
      else if (event.key === ' ' && focused instanceof HTMLElement) focused.click()
      else if (destination) destination.focus()
      else return
      event.preventDefault()
    },
    settle() {
      const { first } = state.getSnapshot()
      if (first === null) return
      state.change({ first: null })
      const all = items()
      const chosen = all.find((item) => item.getAttribute('aria-checked') === 'true')
      ;(first === 'last' ? all.at(-1) : (chosen ?? all[0]))?.focus()
    },
    start(element) {
      root = element
      document.addEventListener('pointerdown', outside)
      document.addEventListener('focusin', outside)
      return () => {
        root = null
        document.removeEventListener('pointerdown', outside)
        document.removeEventListener('focusin', outside)
      }
    },
  }
}

/** Returns the item to which a key leads from the one that has the focus. */
function findDestination(key: string, all: HTMLElement[], focused: Element | null): HTMLElement | undefined {
  const now = all.findIndex((item) => item === focused)
  switch (key) {
    case 'ArrowDown':
      return all[(now + 1) % all.length]
    case 'ArrowUp':
      return all.at(Math.max(now, 0) - 1)
    case 'Home':
      return all[0]
    case 'End':
      return all.at(-1)
  }
  if (key.length !== 1) return undefined
  const following = [...all.slice(now + 1), ...all.slice(0, now + 1)]
  return following.find((item) => (item.textContent ?? '').trim().toLowerCase().startsWith(key.toLowerCase()))
}
