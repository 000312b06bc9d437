import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Router } from 'vue-router'
import { useSession, type SignedOutBy } from '@cloakroom/vue'
import { forgetPageState, takePageState } from '../composables/history-state'

/** The name of the notice for the page that is shown: what the page before it has done. */
export const notice: Ref<string | null> = shallowRef(null)

/** The sign-in page has said how the last session ended. */
const signOutTold = ref(false)

/**
 * Shows each notice once, on the page that it was meant for. It comes in the state of a navigation and is taken out of the
 * history at once, so that neither a reload nor the back button shows it again. Where the guard leads elsewhere, it is dropped.
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
  // A page that comes back from the browser's cache has shown its notice before.
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return
    notice.value = null
    signOutTold.value = router.currentRoute.value.path === '/login'
  })
}

/** Ends what is said of the page before: by now somebody has tried something else. */
export function dropNotices(): void {
  notice.value = null
  signOutTold.value = true
}

/** How the last session ended, until the sign-in page has said so once. */
export function useSignedOutNotice(): ComputedRef<SignedOutBy | null> {
  const { signedOutBy } = useSession()
  return computed(() => (signOutTold.value ? null : signedOutBy.value))
}

/** Lets each end of a session be told. For the lifetime of the app. */
export function followSignOuts(): void {
  const { signedOutBy } = useSession()
  watch(signedOutBy, () => (signOutTold.value = false), { flush: 'sync' })
}
