import { findDetour, leftOnPurpose, type GuardPaths, type Kit } from '@cloakroom/client/kit'
import type { RouteLocationNormalized, RouteLocationRaw, Router } from 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for people who are signed in. Others go to the sign-in page, and come back after it. */
    auth?: boolean
    /** Only for people who are signed out. Others go on to `next` or the home page. */
    guest?: boolean
  }
}

/** Adds the guard for `meta.auth` and `meta.guest`. The server protects the data; the guard only keeps people off a wrong page. */
export function installGuard(router: Router, { session }: Kit, paths: GuardPaths): void {
  function detour(to: RouteLocationNormalized, comesBack = true): RouteLocationRaw | undefined {
    const { auth, guest } = to.meta
    const found = findDetour({ auth, guest, path: to.fullPath, next: to.query.next }, session.getSnapshot(), paths)
    if (found?.page === 'login') return { path: paths.login, query: comesBack ? { next: found.next } : {} }
    return found?.path
  }

  router.beforeEach(async (to) => {
    await session.ready
    return detour(to)
  })

  // The session may change while a page is open: by its own form, in another tab, on the server.
  let followed: unknown = null
  const follow = () => {
    const state = session.getSnapshot()
    if (state.status === followed) return
    followed = state.status
    const instead = detour(router.currentRoute.value, !leftOnPurpose(state))
    if (instead) void router.replace(instead)
  }
  const begin = () => {
    // At once: a page that signs out and goes on by itself navigates later, and the later navigation wins.
    session.subscribe(follow)
    follow()
  }
  void router.isReady().then(begin, begin)
}
