import { createPartialStore, type Observable, type PartialStore } from '../observable.js'
import type { Client } from '../index.js'
import type { Problem, Result } from '../problem.js'
import type { CallOptions } from '../request.js'
import { timeoutSignal } from '../timeout.js'
import type {
  AccountProof,
  Credentials,
  Detail,
  EmailProof,
  LoginReply,
  ProviderAnswer,
  SocialReply,
  User,
} from '../types.js'
import { readStored, SIGN_OUT_PENDING, writeStored } from './storage.js'
import { joinTabs, type TabMessage, type Tabs } from './tabs.js'

/**
 * The state of the session, as far as this tab knows. `loading` occurs once, at the start. `expired` means that the page stays as it
 * is until the same person signs in again. `offline` means that the server cannot be asked, so nothing private is shown.
 */
export type SessionStatus = 'loading' | 'signed-in' | 'signed-out' | 'expired' | 'offline'

/** The place where the last session was ended, for the message on the sign-in page. */
export type SignedOutBy = 'here' | 'everywhere' | 'another-tab'

/** The session as a tab knows it. */
export interface SessionState {
  /** The state of the session. */
  readonly status: SessionStatus
  /** The user who is signed in. It stays while `expired`, so that the dialog can name them. */
  readonly user: User | null
  /** The reason why there is no answer, while `offline`. */
  readonly problem: Problem | null
  /** True while the browser reports a network. */
  readonly online: boolean
  /** True while a sign-out has not reached the server. */
  readonly signOutPending: boolean
  /** True while a page restored from the back-forward cache has not checked the session: show nothing private. */
  readonly concealed: boolean
  /** The instant at which the session ends without activity (RFC 3339). Each answer of the server moves it. */
  readonly expiresAt: string | null
  /** The place where the last session was ended, as far as this tab knows. */
  readonly signedOutBy: SignedOutBy | null
}

/** The calls that may change who is signed in. Made here and not on the client, they are followed by the page and the other tabs. */
export interface SessionCalls {
  /** Resolves after the first answer of the server, or the first failure to get one. */
  readonly ready: Promise<void>
  /** Signs in. The same user continues on the page; for another user the page is reloaded. */
  login(credentials: Credentials, options?: CallOptions): Promise<Result<LoginReply>>
  /** Confirms an email address, which creates the account and signs in. A tab that waits for it follows. */
  verifyEmail(proof: EmailProof, options?: CallOptions): Promise<Result<LoginReply>>
  /** Hands over a provider's answer. Signs in, or tells what is still missing. */
  finishSocial(provider: string, answer: ProviderAnswer, options?: CallOptions): Promise<Result<SocialReply>>
  /** Proves the account that the pending identity is to be linked to, and signs in. */
  linkSocial(proof: AccountProof, options?: CallOptions): Promise<Result<SocialReply>>
  /** Signs out this browser. Without a network, the sign-out is remembered and done later. */
  logout(): Promise<Result<Detail>>
  /** Signs out every device. It needs a valid session. */
  logoutEverywhere(): Promise<Result<Detail>>
  /** Asks the server for the session. Call it after a request that may have ended or started one. */
  refresh(): Promise<void>
  /** Retries at once, as happens every few seconds while `offline`: finishes a pending sign-out, or asks for the session. */
  retry(): Promise<void>
}

/** The session of a tab: what is known of it, and how to change it. */
export interface SessionStore extends Observable<SessionState>, SessionCalls {
  /** Asks the server, and follows it and the other tabs until the returned function is called. It may start again after that. */
  start(): () => void
}

/** The parts that a session is made from. */
export interface SessionOptions {
  client: Client
  /** Called when somebody has signed in or out. */
  onAuthenticated?: (authenticated: boolean) => void
  /** Returns whether the page needs a session. If it does, a dialog reports the end of the session and nothing typed is lost. */
  onPrivatePage: () => boolean
  /** Reloads the page, so that nothing of one user is left for another. */
  reload: () => void
}

/** The least milliseconds between two checks when a tab comes to the front. */
const FOCUS_INTERVAL = 5_000
/** Milliseconds between two attempts while the server cannot be reached. */
const RETRY_AFTER = 5_000
/** Milliseconds after which a check counts as failed. */
const PATIENCE = 20_000

const firstState = (): SessionState => ({
  status: 'loading',
  user: null,
  problem: null,
  online: typeof navigator === 'undefined' || navigator.onLine !== false,
  signOutPending: readStored(SIGN_OUT_PENDING) !== null,
  concealed: false,
  expiresAt: null,
  signedOutBy: null,
})

/** The state of a tab with what it needs to change it. */
interface Tab extends SessionOptions {
  state: PartialStore<SessionState>
  /** Counts sign-ins and sign-outs, so that an answer to an older request is ignored. */
  era: number
  /** The instant of the last check, in milliseconds. */
  checkedAt: number
  /** Requests that were refused at the end of the session and wait for a sign-in. */
  waiting: ((signedIn: boolean) => void)[]
  nextRetry: ReturnType<typeof setTimeout> | undefined
  tabs: Tabs | null
}

/** Creates the session of this tab. Nothing happens before it is started. */
export function createSession(options: SessionOptions): SessionStore {
  const state = createPartialStore(firstState())
  const tab: Tab = { ...options, state, era: 0, checkedAt: 0, waiting: [], nextRetry: undefined, tabs: null }
  const { client } = options
  let isReady: () => void = () => {}
  const ready = new Promise<void>((resolve) => (isReady = resolve))
  return {
    getSnapshot: state.getSnapshot,
    subscribe: state.subscribe,
    ready,
    login: (credentials, call) => enter(tab, () => client.login(credentials, call)),
    finishSocial: (provider, answer, call) => enter(tab, () => client.finishSocial(provider, answer, call)),
    linkSocial: (proof, call) => enter(tab, () => client.linkSocial(proof, call)),
    verifyEmail: (proof, call) => enter(tab, () => client.verifyEmail(proof, call)),
    logout: () => signOut(tab, 'here'),
    logoutEverywhere: () => signOut(tab, 'everywhere'),
    refresh: () => refresh(tab),
    retry: () => retry(tab),
    start() {
      tab.tabs = joinTabs((message) => hear(tab, message))
      const stopListening = typeof window === 'undefined' ? () => {} : followBrowser(tab)
      client.onNotAuthenticated(() => waitForSignIn(tab))
      void retry(tab).then(isReady)
      return () => {
        stopListening()
        clearTimeout(tab.nextRetry)
        tab.tabs?.close()
        tab.tabs = null
        client.onNotAuthenticated(null)
      }
    },
  }
}

function release(tab: Tab, signedIn: boolean): void {
  const released = tab.waiting
  tab.waiting = []
  for (const resolve of released) resolve(signedIn)
}

/** Changes who is signed in, as far as this tab knows. */
function become(tab: Tab, status: SessionStatus, user: User | null, more: Partial<SessionState> = {}): void {
  clearTimeout(tab.nextRetry)
  const ended = status === 'signed-in' ? { signedOutBy: null } : { expiresAt: null }
  tab.state.change({ status, user, problem: null, ...ended, ...more })
  if (status !== 'offline') tab.onAuthenticated?.(status === 'signed-in')
  if (status === 'offline') tab.nextRetry = setTimeout(() => void retry(tab), RETRY_AFTER)
  if (status !== 'expired') release(tab, status === 'signed-in')
}

/** Notes a sign-in, here or in another tab. */
function signedIn(tab: Tab, who: User, more: Partial<SessionState> = {}): void {
  const { user } = tab.state.getSnapshot()
  if (user && user.id !== who.id) tab.reload()
  else become(tab, 'signed-in', who, more)
}

/** Notes the end of the session, which the server has confirmed. */
function signedOut(tab: Tab, by: SignedOutBy | null): void {
  const { status } = tab.state.getSnapshot()
  writeStored(SIGN_OUT_PENDING, null)
  become(tab, 'signed-out', null, { signOutPending: false, ...(status === 'signed-out' ? {} : { signedOutBy: by }) })
  if (status === 'expired') tab.reload()
}

/** Hides everything and remembers a sign-out that the server cannot be told now. */
function signOutLater(tab: Tab, problem: Problem | null): void {
  tab.onAuthenticated?.(false)
  become(tab, 'offline', null, { problem, signOutPending: true })
}

/**
 * Asks the server for the session. If it is gone, the status becomes `ifGone`: `expired` where something typed could be lost, else
 * `signed-out`. A check that fails changes nothing for somebody at work, unless `mustKnow`.
 */
async function ask(tab: Tab, ifGone: 'expired' | 'signed-out', mustKnow = tab.state.getSnapshot().user === null): Promise<void> {
  const asked = tab.era
  tab.checkedAt = Date.now()
  const result = await tab.client.session({ signal: timeoutSignal(PATIENCE) })
  const { status, user, signOutPending } = tab.state.getSnapshot()
  if (asked !== tab.era || signOutPending) return
  if (!result.ok) {
    if (mustKnow && status !== 'signed-out') become(tab, 'offline', null, { problem: result.problem })
  } else if (result.data.state === 'authenticated' && result.data.user) {
    signedIn(tab, result.data.user, { expiresAt: result.data.expires_at ?? null })
  } else if (user && ifGone === 'expired') {
    become(tab, 'expired', user)
  } else {
    become(tab, 'signed-out', null)
  }
}

function refresh(tab: Tab): Promise<void> {
  const isExpired = tab.state.getSnapshot().status === 'expired'
  return ask(tab, isExpired || tab.onPrivatePage() ? 'expired' : 'signed-out')
}

/** Sends a pending sign-out to the server. */
async function finishSignOut(tab: Tab): Promise<Result<Detail>> {
  const everywhere = readStored(SIGN_OUT_PENDING) === 'everywhere'
  const result = await (everywhere ? tab.client.logoutAll() : tab.client.logout())
  // The session may have ended already. That is a sign-out here, but not on the other devices.
  if (result.ok || result.problem.code === 'not_authenticated') {
    tab.era += 1
    signedOut(tab, everywhere && result.ok ? 'everywhere' : 'here')
    tab.tabs?.tell('signed-out')
  } else {
    signOutLater(tab, result.problem)
  }
  return result
}

async function retry(tab: Tab): Promise<void> {
  if (tab.state.getSnapshot().signOutPending) await finishSignOut(tab)
  else await refresh(tab)
}

async function signOut(tab: Tab, by: 'here' | 'everywhere'): Promise<Result<Detail>> {
  const result = await (by === 'everywhere' ? tab.client.logoutAll() : tab.client.logout())
  if (result.ok) {
    tab.era += 1
    signedOut(tab, by)
    tab.tabs?.tell('signed-out')
  } else if (result.problem.code === 'network') {
    tab.era += 1
    writeStored(SIGN_OUT_PENDING, by)
    signOutLater(tab, result.problem)
    tab.tabs?.tell('sign-out-pending')
  }
  return result
}

/** Sends a request that may sign in, and follows its result. A pending sign-out goes first. */
async function enter<Reply extends LoginReply | SocialReply>(tab: Tab, request: () => Promise<Result<Reply>>): Promise<Result<Reply>> {
  if (tab.state.getSnapshot().signOutPending) {
    const result = await finishSignOut(tab)
    if (tab.state.getSnapshot().signOutPending && !result.ok) return result
  }
  const result = await request()
  const isDone = result.ok && (!('next' in result.data) || result.data.next === 'done')
  if (isDone && result.data.user) {
    tab.era += 1
    signedIn(tab, result.data.user)
    tab.tabs?.tell('signed-in')
    void refresh(tab)
  }
  return result
}

function hear(tab: Tab, message: TabMessage): void {
  if (message === 'sign-out-pending') {
    tab.era += 1
    signOutLater(tab, null)
  } else if (message === 'signed-out') {
    tab.era += 1
    signedOut(tab, 'another-tab')
  } else {
    void refresh(tab)
  }
}

/** Makes a request that was refused for lack of a session wait until somebody has signed in. */
async function waitForSignIn(tab: Tab): Promise<boolean> {
  const status = () => tab.state.getSnapshot().status
  if (tab.state.getSnapshot().signOutPending) return false
  // Another tab may have signed in meanwhile, so the server is asked.
  if (status() === 'signed-in') await ask(tab, 'expired')
  if (status() === 'expired') return new Promise<boolean>((resolve) => tab.waiting.push(resolve))
  return status() === 'signed-in'
}

/** Follows the focus, the network and the back-forward cache, until the returned function is called. */
function followBrowser(tab: Tab): () => void {
  const { state } = tab
  const listening = new AbortController()
  const listen = (target: Window | Document, type: string, listener: (event: Event) => void) =>
    target.addEventListener(type, listener, { signal: listening.signal })

  const onFront = () => {
    if (document.visibilityState === 'hidden' || state.getSnapshot().status === 'loading') return
    if (Date.now() - tab.checkedAt >= FOCUS_INTERVAL) void retry(tab)
  }
  listen(window, 'focus', onFront)
  listen(document, 'visibilitychange', onFront)
  listen(window, 'online', () => {
    state.change({ online: true })
    void retry(tab)
  })
  listen(window, 'offline', () => state.change({ online: false }))
  // A page that goes into the back-forward cache is hidden first.
  listen(window, 'pagehide', (event) => {
    if ((event as PageTransitionEvent).persisted) state.change({ concealed: true })
  })
  listen(window, 'pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return
    state.change({ concealed: true, signOutPending: readStored(SIGN_OUT_PENDING) !== null })
    const checked = state.getSnapshot().signOutPending ? finishSignOut(tab) : ask(tab, 'signed-out', true)
    void checked.finally(() => state.change({ concealed: false }))
  })
  return () => listening.abort()
}
