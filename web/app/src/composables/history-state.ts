import { customRef, type Ref } from 'vue'
import { createWebHistory, type RouterHistory } from 'vue-router'

type State = Record<string, unknown>

/** The keys that vue-router keeps in an entry of the history. All others belong to the page. */
const OF_THE_ROUTER = ['back', 'current', 'forward', 'position', 'replaced', 'scroll']

const currentState = () => (history.state ?? {}) as State

/** Sets values to null. It does not delete them, because vue-router merges its own copy of the state into the entry. */
function forget(names: string[]) {
  if (names.length === 0) return
  history.replaceState({ ...currentState(), ...Object.fromEntries(names.map((name) => [name, null])) }, '')
}

/** Removes the page's values from this entry of the tab's history. */
export function forgetPageState(): void {
  forget(Object.keys(currentState()).filter((name) => !OF_THE_ROUTER.includes(name)))
}

/** Reads a value from this entry of the tab's history and removes it there. */
export function takePageState(name: string): unknown {
  const value = currentState()[name] ?? null
  if (value !== null) forget([name])
  return value
}

/**
 * Creates the history for the router. When one page replaces another in the same entry, vue-router merges the state of the old
 * page into the new one. Here the state ends with its page.
 */
export function createPageHistory(): RouterHistory {
  const pages = createWebHistory()
  const replace = pages.replace.bind(pages)
  pages.replace = (to, data) => {
    if (to.split(/[?#]/, 1)[0] !== location.pathname) forgetPageState()
    replace(to, data)
  }
  return pages
}

/**
 * A value that survives a reload of the page. It is kept in this entry of the tab's history, where no address bar, log or other
 * tab shows it, and ends with the page. It must not be a secret, because the browser may write it to disk.
 */
export function useHistoryState<Value>(name: string): Ref<Value | null> {
  return customRef((track, trigger) => ({
    get() {
      track()
      return (currentState()[name] ?? null) as Value | null
    },
    set(value) {
      history.replaceState({ ...currentState(), [name]: value }, '')
      trigger()
    },
  }))
}
