import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Router } from 'vue-router'
import { useSession, type SignedOutBy } from '@cloakroom/vue'
import { forgetPageState, takePageState } from '../composables/history-state'

/** The name of the notice on this page: it tells what the page before has done. */
export const notice: Ref<string | null> = shallowRef(null)

/** True once the sign-in page has shown how the last session ended. */
const signOutTold = ref(false)

/**
 * Shows each notice once, on the page that it is meant for. It comes in the state of a navigation and leaves the history at once,
 * so that neither a reload nor the back button shows it again. If the guard leads elsewhere, the notice is dropped.
 */
export function followNotices(router: Router): void {
  router.afterEach((to, from, failure) => {
    if (failure) return
    if (to.redirectedFrom && to.redirectedFrom.path !== to.path) forgetPageState()
    const given = takePageState('notice')
    if (typeof given === 'string') notice.value = given
    else if (to.path !== from.path) notice.value = null
    if (from.path === '/login' && to.path !== from.path) signOutTold.value = true
  })
  // A page restored from the back-forward cache has shown its notice before.
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return
    notice.value = null
    signOutTold.value = router.currentRoute.value.path === '/login'
  })
}

/** Removes the notices of the page before, when somebody has tried something else on this one. */
export function dropNotices(): void {
  notice.value = null
  signOutTold.value = true
}

/** Tells how the last session ended, until the sign-in page has shown it once. */
export function useSignedOutNotice(): ComputedRef<SignedOutBy | null> {
  const { signedOutBy } = useSession()
  return computed(() => (signOutTold.value ? null : signedOutBy.value))
}

/** Makes each end of a session a new notice, for the lifetime of the app. */
export function followSignOuts(): void {
  const { signedOutBy } = useSession()
  watch(signedOutBy, () => (signOutTold.value = false), { flush: 'sync' })
}
