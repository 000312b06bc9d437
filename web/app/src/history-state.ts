import { customRef, type Ref } from 'vue'

/**
 * What a page keeps over a reload, in this entry of the tab's history: no address bar, log or other tab sees it, and it goes
 * with the tab. Not for secrets all the same: the browser may write it to disk.
 */
export function useHistoryState<Value>(name: string): Ref<Value | null> {
  return customRef((track, trigger) => ({
    get() {
      track()
      return ((history.state as Record<string, unknown> | null)?.[name] ?? null) as Value | null
    },
    set(value) {
      history.replaceState({ ...(history.state as object | null), [name]: value }, '')
      trigger()
    },
  }))
}
