import { findDetour, leftOnPurpose, type GuardedPage } from '@cloakroom/client/kit'
import { useEffect, useRef, type ReactNode } from 'react'
import { useProvided } from './cloakroom.js'
import { useObservable } from './observable.js'

/** A page behind a guard, and how to leave it. */
export interface GuardProps extends Pick<GuardedPage, 'path' | 'next'> {
  /** The people whom the page is for. */
  only: 'signed-in' | 'guests'
  /** Replaces the page by another path of the app. */
  navigate(path: string): void
  /** Shown until the server has answered, and until another page is there. */
  fallback?: ReactNode
  children?: ReactNode
}

/**
 * Shows a page only to those whom it is for, with any router. The server protects the data; the guard only keeps people off a wrong
 * page.
 */
export function Guard({ only, path, next, navigate, fallback = null, children }: GuardProps): ReactNode {
  const { cloakroom } = useProvided()
  const { session, paths } = cloakroom.kit
  const state = useObservable(session)
  const isPrivate = only === 'signed-in'
  const detour = findDetour({ auth: isPrivate, guest: !isPrivate, path, next }, state, paths)
  const wasShown = useRef(false)

  useEffect(() => (isPrivate ? cloakroom.holdPrivatePage() : undefined), [cloakroom, isPrivate])
  useEffect(() => {
    if (!detour) {
      wasShown.current = state.status === 'signed-in'
    } else if (detour.page === 'onward') {
      navigate(detour.path)
    } else {
      // Who signs out on purpose need not come back to the page.
      const comesBack = !(wasShown.current && leftOnPurpose(state))
      navigate(comesBack ? `${paths.login}?next=${encodeURIComponent(detour.next)}` : paths.login)
    }
    // The router may give another function each time; that alone is no reason to navigate.
  }, [detour?.page, path, state, paths])

  // While the server cannot be asked, nothing private is shown.
  const isHidden = isPrivate && (state.status === 'offline' || state.concealed)
  return detour || state.status === 'loading' || isHidden ? fallback : children
}
