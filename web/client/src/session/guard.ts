import { safeNext } from './next.js'
import type { SessionState } from './session.js'

/** The pages that a guard sends people to. */
export interface GuardPaths {
  /** The page with the sign-in form. */
  login: string
  /** The page after a sign-in that has no `next`. */
  home: string
}

/** A page, as far as a guard is interested. */
export interface GuardedPage {
  /** True for a page that is only for people who are signed in. */
  auth?: boolean | undefined
  /** True for a page that is only for people who are signed out. */
  guest?: boolean | undefined
  /** The path of the page, with query and fragment. */
  path: string
  /** The value of `next` in the query. */
  next?: unknown
}

/** The place to go to instead: the sign-in page, with the path to come back to, or a path of the site. */
export type Detour = { page: 'login'; next: string } | { page: 'onward'; path: string }

/** Decides whether somebody may see a page. Null lets them. The server protects the data; this only keeps people off a wrong page. */
export function findDetour(page: GuardedPage, { status }: SessionState, paths: GuardPaths): Detour | null {
  if (page.auth && status === 'signed-out') return { page: 'login', next: page.path }
  if (page.guest && status === 'signed-in') return { page: 'onward', path: safeNext(page.next) ?? paths.home }
  return null
}

/** Returns whether somebody signed out in this tab on purpose. Then there is no need to come back to the same page. */
export function leftOnPurpose({ signedOutBy }: SessionState): boolean {
  return signedOutBy === 'here' || signedOutBy === 'everywhere'
}
