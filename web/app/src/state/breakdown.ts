import { ref } from 'vue'
import type { Router } from 'vue-router'

/** A mistake of ours, or a part of the app that could not be loaded: the page says so instead of staying blank. */
export const broken = ref(false)

/** Notes what went wrong. */
export function breakDown(error: unknown): void {
  console.error(error)
  broken.value = true
}

/** Notes navigations that fail, from the first one on: that one begins before any component is there to hear of it. */
export function followBreakdowns(router: Router): void {
  router.onError(breakDown)
}
