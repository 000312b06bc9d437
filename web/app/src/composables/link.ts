import type { CallOptions, LinkTarget, Problem, Result } from '@cloakroom/client'
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { useRoute, type Router } from 'vue-router'
import { useSubmission } from './submission'

/**
 * The token of a link in an email. It arrives behind the `#`, so that it is not sent to any server, and leaves the address bar at
 * once. It is kept in memory only: it survives a sign-in, but not a reload.
 */
const held = shallowRef<{ path: string; token: string } | null>(null)

const FRAGMENT = '#token='

/** Takes the token out of each address that has one, before anything else reads the address. */
export function takeLinkTokens(router: Router): void {
  router.beforeEach((to) => {
    if (!to.hash.startsWith(FRAGMENT)) return
    held.value = { path: to.path, token: to.hash.slice(FRAGMENT.length) }
    // With the origin, because a path that begins with two slashes would name another site.
    history.replaceState(history.state, '', location.origin + to.path)
    return { path: to.path, query: to.query, hash: '', replace: true }
  })
}

/** The state of the page that a link leads to. */
export type LinkState = 'missing' | 'checking' | 'failed' | 'gone' | 'ready'

/** The link that led to a page. */
export interface Link<Target extends LinkTarget = LinkTarget> {
  readonly state: ComputedRef<LinkState>
  readonly token: ComputedRef<string>
  /** The email address that the link is for, once the server has named it. */
  readonly email: ComputedRef<string>
  /** The server's answer about the link; it stays after the link has been used. */
  readonly target: Readonly<Ref<Target | null>>
  /** The reason why the check failed, while `failed`. */
  readonly problem: Readonly<Ref<Problem | null>>
  /** Checks the link again. */
  look(): Promise<void>
  /** Notes that the server no longer accepts the link. */
  lose(): void
  /** Forgets the token, after the link has been used. */
  drop(): void
}

/** Checks the link that led to this page. `check` asks the server about it without using it. */
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
  // Another link may be opened in the same tab.
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
