import { watch } from 'vue'
import type { LocationQueryRaw, RouteLocationNormalized, Router } from 'vue-router'
import { safeNext } from './next.js'
import type { Session } from './session.js'

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for people who are signed in; others are asked to, and come back. */
    auth?: boolean
    /** Only for people who are not signed in; others are sent on. */
    guest?: boolean
  }
}

/** Where people are sent. */
export interface GuardPaths {
  /** The page with the sign-in form. */
  login: string
  /** Where a sign-in ends when no `next` is given. */
  home: string
}

/** Keeps pages to those they are for. The server guards the data; this only spares people a wrong page. */
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

  // The session also changes while a page is open: by its own form, in another tab, on the server.
  const follow = () => {
    const { status, signedOutBy } = session()
    watch(
      status,
      () => {
        // Who has just signed out on purpose need not come back to the same page.
        const onPurpose = signedOutBy.value === 'here' || signedOutBy.value === 'everywhere'
        const instead = detour(router.currentRoute.value, onPurpose ? {} : undefined)
        if (instead) void router.replace(instead)
      },
      { immediate: true },
    )
  }
  void router.isReady().then(follow, follow)
}
