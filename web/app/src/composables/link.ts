import type { CallOptions, LinkTarget, Problem, Result } from '@cloakroom/client'
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { useRoute, type Router } from 'vue-router'
import { useSubmission } from './submission'

/**
 * The token of a link in a mail. It arrives behind the `#`, where no server sees it, leaves the address bar at once, and lives
 * in this memory and nowhere else: over a sign-in, but not over a reload.
 */
const held = shallowRef<{ path: string; token: string } | null>(null)

const FRAGMENT = '#token='

/** Takes the token out of every address that has one, before anything else looks at it. */
export function takeLinkTokens(router: Router): void {
  router.beforeEach((to) => {
    if (!to.hash.startsWith(FRAGMENT)) return
    held.value = { path: to.path, token: to.hash.slice(FRAGMENT.length) }
    // Whole, because a path may begin with two slashes, which alone would be another site.
    history.replaceState(history.state, '', location.origin + to.path)
    return { path: to.path, query: to.query, hash: '', replace: true }
  })
}

/** How far a page is that a link leads to. */
export type LinkState = 'missing' | 'checking' | 'failed' | 'gone' | 'ready'

/** A link that somebody has followed here. */
export interface Link<Target extends LinkTarget = LinkTarget> {
  readonly state: ComputedRef<LinkState>
  readonly token: ComputedRef<string>
  /** The address that it is about, as far as the server tells. */
  readonly email: ComputedRef<string>
  /** All that the server tells of it; still there once it has done what it was for. */
  readonly target: Readonly<Ref<Target | null>>
  /** Why it could not be looked at, while `failed`. */
  readonly problem: Readonly<Ref<Problem | null>>
  /** Looks at it again. */
  look(): Promise<void>
  /** The server takes it no more. */
  lose(): void
  /** It has done what it was for. */
  drop(): void
}

/** The link that led to this page; `check` asks the server about it without using it up. */
export function useLink<Target extends LinkTarget>(
  check: (token: string, call: CallOptions) => Promise<Result<Target>>,
): Link<Target> {
  const { path } = useRoute()
  const submission = useSubmission()
  const target = shallowRef(null) as ShallowRef<Target | null>
  const email = computed(() => target.value?.email ?? '')
  const problem = shallowRef<Problem | null>(null)
  const checked = ref(false)
  const gone = ref(false)
  const token = computed(() => (held.value?.path === path ? held.value.token : ''))

  const state = computed<LinkState>(() => {
    if (gone.value) return 'gone'
    if (token.value === '') return 'missing'
    if (problem.value) return 'failed'
    return checked.value ? 'ready' : 'checking'
  })

  async function look() {
    submission.cancel()
    gone.value = false
    problem.value = null
    checked.value = false
    if (token.value === '') return
    const result = await submission.send((signal) => check(token.value, { signal }))
    if (!result) return
    checked.value = true
    if (result.ok) target.value = result.data
    else if (result.problem.code === 'token_invalid') gone.value = true
    else problem.value = result.problem
  }
  // Another link may be opened in this very tab.
  watch(token, (now) => {
    if (now !== '') void look()
  })
  void look()

  return {
    state,
    token,
    email,
    target,
    problem,
    look,
    lose() {
      gone.value = true
    },
    drop() {
      held.value = null
    },
  }
}
