/** Guards for React Router 7 and 8, as routes or around a page. */
import type { ReactNode } from 'react'
import { Outlet, useLocation, useNavigate } from 'react-router'
import { Guard, type GuardProps } from './guard.js'

/** The props of a guard. Without children it is a layout route: the routes below it are guarded. */
export interface RouteGuardProps {
  /** Shown until the server has answered, and until another page is there. */
  fallback?: ReactNode
  children?: ReactNode
}

/** Only for people who are signed in. Others go to the sign-in page, and come back after it. */
export function RequireSession(props: RouteGuardProps): ReactNode {
  return <RouteGuard only="signed-in" {...props} />
}

/** Only for people who are signed out, as the sign-in page is. Others go on to `next` or the home page. */
export function RequireGuest(props: RouteGuardProps): ReactNode {
  return <RouteGuard only="guests" {...props} />
}

function RouteGuard({ only, fallback, children = <Outlet /> }: RouteGuardProps & Pick<GuardProps, 'only'>): ReactNode {
  const { pathname, search, hash } = useLocation()
  const navigate = useNavigate()
  const guarded = { only, fallback, path: pathname + search + hash, next: new URLSearchParams(search).get('next') }
  return (
    <Guard {...guarded} navigate={(path) => void navigate(path, { replace: true })}>
      {children}
    </Guard>
  )
}
