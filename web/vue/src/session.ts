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
 * What this tab knows about the session. `loading` happens once, at boot. `expired` means that the page still shows
 * what somebody was doing, and waits for that person to sign in again. `offline` means that we cannot know, so nothing
 * private is shown.
 */
export type SessionStatus = 'loading' | 'signed-in' | 'signed-out' | 'expired' | 'offline'

/** Who ended the last session, for the sentence on the sign-in page. */
export type SignedOutBy = 'here' | 'everywhere' | 'another-tab'

/** The session as components see it. */
export interface Session {
  /** What this tab knows. */
  readonly status: Readonly<Ref<SessionStatus>>
  /** Who is signed in; kept while `expired`, so that the dialog can name them. */
  readonly user: Readonly<ShallowRef<User | null>>
  /** Why the server's answer is missing, while `offline`. */
  readonly problem: Readonly<ShallowRef<Problem | null>>
  /** Whether the browser says that it has a network. */
  readonly online: Readonly<Ref<boolean>>
  /** Somebody has asked to sign out, and the server does not know yet. */
  readonly signOutPending: Readonly<Ref<boolean>>
  /** True from the moment a page is put away until the session has been checked again: show nothing private. */
  readonly concealed: Readonly<Ref<boolean>>
  /** When the session ends if nothing more happens (RFC 3339); each answer of the server moves it. */
  readonly expiresAt: Readonly<Ref<string | null>>
  /** How the last session ended, as far as this tab knows. */
  readonly signedOutBy: Readonly<Ref<SignedOutBy | null>>
  /** Resolves when the server has answered for the first time, or could not. */
  readonly ready: Promise<void>
  /** Signs in. As the same user it goes on where it was; as another one the page is loaded anew. */
  login(credentials: Credentials, options?: CallOptions): Promise<Result<LoginReply>>
  /** Proves an address, which makes it an account and signs in; a tab that waits for it follows. */
  verifyEmail(proof: EmailProof, options?: CallOptions): Promise<Result<LoginReply>>
  /** Hands over what a provider has sent back; signs in, or says what is still missing. */
  finishSocial(provider: string, answer: ProviderAnswer, options?: CallOptions): Promise<Result<SocialReply>>
  /** Proves the account that a provider's is to be linked to, and signs in. */
  linkSocial(proof: AccountProof, options?: CallOptions): Promise<Result<SocialReply>>
  /** Signs out here; without a network it is kept in mind and done later. */
  logout(): Promise<Result<Detail>>
  /** Signs out on every device; needs a living session. */
  logoutEverywhere(): Promise<Result<Detail>>
  /** Asks the server who this browser is; a page calls it after what may have ended the session, or begun one. */
  refresh(): Promise<void>
  /** Does now what is tried every few seconds while `offline`: finishes a sign-out that is pending, or asks again. */
  retry(): Promise<void>
  /** Ends listeners and timers. */
  stop(): void
}

/** What a session is made from. */
export interface SessionOptions {
  client: Client
  /** Told each time the answer to "is somebody signed in?" changes. */
  onAuthenticated: (authenticated: boolean) => void
  /** Whether what is on the screen needs a session: then its end is told by a dialog, and nothing typed is lost. */
  onPrivatePage: () => boolean
  /** Loads the page anew, so that nothing of one user is left for another. */
  reload: () => void
}

/** A tab that comes to the front asks again, at most this often. */
const FOCUS_INTERVAL = 5_000
/** While the server cannot be reached, it is asked again after this long. */
const RETRY_AFTER = 5_000
/** A check that takes longer than this counts as failed. */
const PATIENCE = 20_000

/** Starts the session of this tab: asks the server, listens to the other tabs, and goes on doing so. */
export function startSession({ client, onAuthenticated, onPrivatePage, reload }: SessionOptions): Session {
  const status = ref<SessionStatus>('loading')
  const user = shallowRef<User | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const online = ref(navigator.onLine)
  const signOutPending = ref(readStored(SIGN_OUT_PENDING) !== null)
  const concealed = ref(false)
  const expiresAt = ref<string | null>(null)
  const signedOutBy = ref<SignedOutBy | null>(null)

  /** Requests that met the end of the session, and wait for somebody to sign in. */
  let waiting: ((signedIn: boolean) => void)[] = []
  /** Grows with each sign-in and sign-out, so that an answer which was under way before is not believed. */
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

  /** Somebody is signed in, here or in another tab. */
  function signedIn(who: User) {
    if (user.value && user.value.id !== who.id) reload()
    else become('signed-in', who)
  }

  /** The server has confirmed the end of the session. */
  function signedOut(by: SignedOutBy | null) {
    const interrupted = status.value === 'expired'
    writeStored(SIGN_OUT_PENDING, null)
    signOutPending.value = false
    if (status.value !== 'signed-out') signedOutBy.value = by
    become('signed-out', null)
    if (interrupted) reload()
  }

  /** Somebody wants to be signed out, and the server cannot be told: hide everything, and keep it in mind. */
  function signOutLater(why: Problem | null) {
    signOutPending.value = true
    onAuthenticated(false)
    become('offline', null, why)
  }

  /**
   * Asks the server who this browser is. A session that turns out to be gone is `expired` where something could be lost,
   * else `signed-out`. A check that fails takes nothing away from somebody at work, unless `mustKnow`.
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

  /** Tells the server about a sign-out that it has not heard of. */
  async function finishSignOut(): Promise<Result<Detail>> {
    const everywhere = readStored(SIGN_OUT_PENDING) === 'everywhere'
    const result = await (everywhere ? client.logoutAll() : client.logout())
    // A session that is dead already need not be ended, but it has not ended the others either.
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

  /** Sends what may end in a sign-in, and goes where it leads. A sign-out that is pending goes first. */
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
    // Another tab may have signed in meanwhile: the server knows.
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
  // A page that is put away and may come back from the browser's memory is put away empty.
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
