import type {
  AccountProof,
  CallOptions,
  Client,
  Credentials,
  Detail,
  EmailProof,
  LoginReply,
  Problem,
  ProviderAnswer,
  Result,
  SocialReply,
  User,
} from '@cloakroom/client'
import { timeoutSignal } from '@cloakroom/client'
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { readStored, SIGN_OUT_PENDING, writeStored } from './storage.js'
import { joinTabs, type TabMessage } from './tabs.js'

/**
 * The state of the session, as far as this tab knows. `loading` occurs once, at the start. `expired` means that the page stays as it
 * is until the same person signs in again. `offline` means that the server cannot be asked, so nothing private is shown.
 */
export type SessionStatus = 'loading' | 'signed-in' | 'signed-out' | 'expired' | 'offline'

/** The place where the last session was ended, for the message on the sign-in page. */
export type SignedOutBy = 'here' | 'everywhere' | 'another-tab'

/** The session as components see it. */
export interface Session {
  /** The state of the session. */
  readonly status: Readonly<Ref<SessionStatus>>
  /** The user who is signed in. It stays while `expired`, so that the dialog can name them. */
  readonly user: Readonly<ShallowRef<User | null>>
  /** The reason why there is no answer, while `offline`. */
  readonly problem: Readonly<ShallowRef<Problem | null>>
  /** True while the browser reports a network. */
  readonly online: Readonly<Ref<boolean>>
  /** True while a sign-out has not reached the server. */
  readonly signOutPending: Readonly<Ref<boolean>>
  /** True while a page restored from the back-forward cache has not checked the session: show nothing private. */
  readonly concealed: Readonly<Ref<boolean>>
  /** The instant at which the session ends without activity (RFC 3339). Each answer of the server moves it. */
  readonly expiresAt: Readonly<Ref<string | null>>
  /** The place where the last session was ended, as far as this tab knows. */
  readonly signedOutBy: Readonly<Ref<SignedOutBy | null>>
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
  /** Removes the listeners and timers. */
  stop(): void
}

/** The parts that a session is made from. */
export interface SessionOptions {
  client: Client
  /** Called when somebody has signed in or out. */
  onAuthenticated: (authenticated: boolean) => void
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

/** Starts the session of this tab: asks the server, and follows it and the other tabs until it is stopped. */
export function startSession({ client, onAuthenticated, onPrivatePage, reload }: SessionOptions): Session {
  const status = ref<SessionStatus>('loading')
  const user = shallowRef<User | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const online = ref(navigator.onLine)
  const signOutPending = ref(readStored(SIGN_OUT_PENDING) !== null)
  const concealed = ref(false)
  const expiresAt = ref<string | null>(null)
  const signedOutBy = ref<SignedOutBy | null>(null)

  /** Requests that were refused at the end of the session and wait for a sign-in. */
  let waiting: ((signedIn: boolean) => void)[] = []
  /** Counts sign-ins and sign-outs, so that an answer to an older request is ignored. */
  let era = 0
  let checkedAt = 0
  let nextRetry: ReturnType<typeof setTimeout> | undefined

  function release(signedIn: boolean) {
    const released = waiting
    waiting = []
    for (const resolve of released) resolve(signedIn)
  }

  function become(next: SessionStatus, who: User | null, why: Problem | null = null) {
    clearTimeout(nextRetry)
    status.value = next
    user.value = who
    problem.value = why
    if (next !== 'signed-in') expiresAt.value = null
    if (next !== 'offline') onAuthenticated(next === 'signed-in')
    if (next === 'offline') nextRetry = setTimeout(() => void retry(), RETRY_AFTER)
    if (next === 'signed-in') signedOutBy.value = null
    if (next !== 'expired') release(next === 'signed-in')
  }

  /** Notes a sign-in, here or in another tab. */
  function signedIn(who: User) {
    if (user.value && user.value.id !== who.id) reload()
    else become('signed-in', who)
  }

  /** Notes the end of the session, which the server has confirmed. */
  function signedOut(by: SignedOutBy | null) {
    const interrupted = status.value === 'expired'
    writeStored(SIGN_OUT_PENDING, null)
    signOutPending.value = false
    if (status.value !== 'signed-out') signedOutBy.value = by
    become('signed-out', null)
    if (interrupted) reload()
  }

  /** Hides everything and remembers a sign-out that the server cannot be told now. */
  function signOutLater(why: Problem | null) {
    signOutPending.value = true
    onAuthenticated(false)
    become('offline', null, why)
  }

  /**
   * Asks the server for the session. If it is gone, the status becomes `ifGone`: `expired` where something typed could be lost, else
   * `signed-out`. A check that fails changes nothing for somebody at work, unless `mustKnow`.
   */
  async function ask(ifGone: 'expired' | 'signed-out', mustKnow = user.value === null): Promise<void> {
    const asked = era
    checkedAt = Date.now()
    const result = await client.session({ signal: timeoutSignal(PATIENCE) })
    if (asked !== era || signOutPending.value) return
    if (!result.ok) {
      if (mustKnow && status.value !== 'signed-out') become('offline', null, result.problem)
    } else if (result.data.state === 'authenticated' && result.data.user) {
      signedIn(result.data.user)
      expiresAt.value = result.data.expires_at ?? null
    } else if (user.value && ifGone === 'expired') {
      become('expired', user.value)
    } else {
      become('signed-out', null)
    }
  }

  const refresh = () => ask(status.value === 'expired' || onPrivatePage() ? 'expired' : 'signed-out')

  /** Sends a pending sign-out to the server. */
  async function finishSignOut(): Promise<Result<Detail>> {
    const everywhere = readStored(SIGN_OUT_PENDING) === 'everywhere'
    const result = await (everywhere ? client.logoutAll() : client.logout())
    // The session may have ended already. That is a sign-out here, but not on the other devices.
    if (result.ok || result.problem.code === 'not_authenticated') {
      era += 1
      signedOut(everywhere && result.ok ? 'everywhere' : 'here')
      tabs.tell('signed-out')
    } else {
      signOutLater(result.problem)
    }
    return result
  }

  async function retry() {
    if (signOutPending.value) await finishSignOut()
    else await refresh()
  }

  async function signOut(by: 'here' | 'everywhere'): Promise<Result<Detail>> {
    const result = await (by === 'everywhere' ? client.logoutAll() : client.logout())
    if (result.ok) {
      era += 1
      signedOut(by)
      tabs.tell('signed-out')
    } else if (result.problem.code === 'network') {
      era += 1
      writeStored(SIGN_OUT_PENDING, by)
      signOutLater(result.problem)
      tabs.tell('sign-out-pending')
    }
    return result
  }

  /** Sends a request that may sign in, and follows its result. A pending sign-out goes first. */
  async function enter<Reply extends LoginReply | SocialReply>(request: () => Promise<Result<Reply>>): Promise<Result<Reply>> {
    if (signOutPending.value) {
      const result = await finishSignOut()
      if (signOutPending.value && !result.ok) return result
    }
    const result = await request()
    const isDone = result.ok && (!('next' in result.data) || result.data.next === 'done')
    if (isDone && result.data.user) {
      era += 1
      signedIn(result.data.user)
      tabs.tell('signed-in')
      void refresh()
    }
    return result
  }

  function hear(message: TabMessage) {
    if (message === 'sign-out-pending') {
      era += 1
      signOutLater(null)
    } else if (message === 'signed-out') {
      era += 1
      signedOut('another-tab')
    } else {
      void refresh()
    }
  }
  const tabs = joinTabs(hear)

  client.onNotAuthenticated(async () => {
    if (signOutPending.value) return false
    // Another tab may have signed in meanwhile, so the server is asked.
    if (status.value === 'signed-in') await ask('expired')
    if (status.value === 'expired') return new Promise<boolean>((resolve) => waiting.push(resolve))
    return status.value === 'signed-in'
  })

  const listening = new AbortController()
  const listen = (target: Window | Document, type: string, listener: (event: Event) => void) =>
    target.addEventListener(type, listener, { signal: listening.signal })

  const onFront = () => {
    if (document.visibilityState === 'hidden' || status.value === 'loading') return
    if (Date.now() - checkedAt >= FOCUS_INTERVAL) void retry()
  }
  listen(window, 'focus', onFront)
  listen(document, 'visibilitychange', onFront)
  listen(window, 'online', () => {
    online.value = true
    void retry()
  })
  listen(window, 'offline', () => {
    online.value = false
  })
  // A page that goes into the back-forward cache is hidden first.
  listen(window, 'pagehide', (event) => {
    if ((event as PageTransitionEvent).persisted) concealed.value = true
  })
  listen(window, 'pageshow', (event) => {
    if (!(event as PageTransitionEvent).persisted) return
    concealed.value = true
    signOutPending.value = readStored(SIGN_OUT_PENDING) !== null
    const checked = signOutPending.value ? finishSignOut() : ask('signed-out', true)
    void checked.finally(() => {
      concealed.value = false
    })
  })

  return {
    status,
    user,
    problem,
    online,
    signOutPending,
    concealed,
    expiresAt,
    signedOutBy,
    ready: retry(),
    login: (credentials, options) => enter(() => client.login(credentials, options)),
    finishSocial: (provider, answer, options) => enter(() => client.finishSocial(provider, answer, options)),
    linkSocial: (proof, options) => enter(() => client.linkSocial(proof, options)),
    verifyEmail: (proof, options) => enter(() => client.verifyEmail(proof, options)),
    logout: () => signOut('here'),
    logoutEverywhere: () => signOut('everywhere'),
    refresh,
    retry,
    stop() {
      listening.abort()
      clearTimeout(nextRetry)
      tabs.close()
      client.onNotAuthenticated(null)
    },
  }
}
