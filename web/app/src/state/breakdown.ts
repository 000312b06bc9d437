import { ref } from 'vue'
import type { Router } from 'vue-router'

/** True after an uncaught error or a failed download, when the page shows an error instead of staying blank. */
export const broken = ref(false)

/** Logs an error and shows the error page. */
export function breakDown(error: unknown): void {
  console.error(error)
  broken.value = true
}

/** Shows the error page for navigations that fail. The first one starts before any component exists, so a component cannot. */
export function followBreakdowns(router: Router): void {
  router.onError(breakDown)
}
