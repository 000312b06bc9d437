import { watch } from 'vue'
import type { LocationQueryRaw, RouteLocationNormalized, Router } from 'vue-router'
import { safeNext } from './next.js'
import type { Session } from './session.js'

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for people who are signed in. Others go to the sign-in page, and come back after it. */
    auth?: boolean
    /** Only for people who are signed out. Others go on to `next` or the home page. */
    guest?: boolean
  }
}

/** The pages that the guard sends people to. */
export interface GuardPaths {
  /** The page with the sign-in form. */
  login: string
  /** The page after a sign-in that has no `next`. */
  home: string
}

/** Adds the guard for `meta.auth` and `meta.guest`. The server protects the data; the guard only keeps people off a wrong page. */
export function installGuard(router: Router, session: () => Session, paths: GuardPaths): void {
  function detour(to: RouteLocationNormalized, query = { next: to.fullPath } as LocationQueryRaw) {
    const { status } = session()
    if (to.meta.auth && status.value === 'signed-out') return { path: paths.login, query }
    if (to.meta.guest && status.value === 'signed-in') return safeNext(to.query.next) ?? paths.home
    return undefined
  }

  router.beforeEach(async (to) => {
    await session().ready
    return detour(to)
  })

  // The session may change while a page is open: by its own form, in another tab, on the server.
  const follow = () => {
    const { status, signedOutBy } = session()
    watch(
      status,
      () => {
        // After a deliberate sign-out there is no need to come back to the same page.
        const onPurpose = signedOutBy.value === 'here' || signedOutBy.value === 'everywhere'
        const instead = detour(router.currentRoute.value, onPurpose ? {} : undefined)
        if (instead) void router.replace(instead)
      },
      { immediate: true },
    )
  }
  void router.isReady().then(follow, follow)
}
