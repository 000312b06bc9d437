import type { Client } from '../index.js'
import { createConfigStore, type ConfigStore } from './config.js'
import { createSessionEnd, type SessionEnd } from './end.js'
import type { GuardPaths } from './guard.js'
import { createLastProvider, type LastProvider } from './last-provider.js'
import { createReauthentication, type ReauthenticationStore } from './reauthentication.js'
import { createSession, type SessionOptions, type SessionStore } from './session.js'

/** The pages that components lead to. */
export interface KitPaths extends GuardPaths {
  signup: string
  forgotPassword: string
  account: string
}

/** The options of a kit. */
export interface KitOptions extends Omit<SessionOptions, 'reload'> {
  /** The pages of the app, where they are not ours: `/login`, `/`, `/signup`, `/forgot-password`, `/account`. */
  paths?: Partial<KitPaths> | undefined
  /** Replaces `location.reload()`, for tests. */
  reload?: () => void
}

/** All that a kit for a framework is built on. One for each app: there is no state beside it. */
export interface Kit {
  readonly client: Client
  readonly session: SessionStore
  readonly sessionEnd: SessionEnd
  readonly reauthentication: ReauthenticationStore
  readonly config: ConfigStore
  readonly lastProvider: LastProvider
  readonly paths: KitPaths
  /** Starts the session, until the returned function is called. It may start again after that. */
  start(): () => void
}

const PATHS: KitPaths = {
  login: '/login',
  home: '/',
  signup: '/signup',
  forgotPassword: '/forgot-password',
  account: '/account',
}

/** Creates a kit. Nothing happens before it is started. */
export function createKit({ client, paths, reload = () => location.reload(), ...options }: KitOptions): Kit {
  const session = createSession({ client, reload, ...options })
  const sessionEnd = createSessionEnd(session, client)
  const reauthentication = createReauthentication(client, () => session.getSnapshot().user)
  return {
    client,
    session,
    sessionEnd,
    reauthentication,
    config: createConfigStore(client),
    lastProvider: createLastProvider(),
    paths: { ...PATHS, ...paths },
    start() {
      const cancelled = session.subscribe(() => {
        if (session.getSnapshot().status === 'signed-out') reauthentication.cancel()
      })
      const stops = [cancelled, reauthentication.start(), sessionEnd.start(), session.start()]
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}
