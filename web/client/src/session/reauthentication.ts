import type { Client } from '../index.js'
import { createStore, type Observable } from '../observable.js'
import type { Result } from '../problem.js'
import type { CallOptions } from '../request.js'
import type { LoginReply, User } from '../types.js'
import { joinTabs } from './tabs.js'

/** The ways to answer a request that needs fresh proof of identity. */
export interface ReauthenticationCalls {
  /** Proves the identity by password. If it is right, the waiting requests are sent again. */
  withPassword(password: string, options?: CallOptions): Promise<Result<LoginReply>>
  /** Gives up the waiting requests: they end with `reauthentication_required`. */
  cancel(): void
}

/**
 * Requests that need fresh proof of identity. One that is refused waits here. After the proof it is sent again unchanged; the
 * person may also cancel it. The state is true while a request waits: show a dialog over the page.
 */
export interface ReauthenticationStore extends Observable<boolean>, ReauthenticationCalls {
  /** Makes the client wait for proof instead of failing, until the returned function is called. */
  start(): () => void
}

/**
 * Creates the place where requests wait for proof. The proof may also come from another tab, by a new sign-in or by a provider;
 * the server decides whether it is fresh enough. It must be the same user's: a request of one person is never sent as another.
 */
export function createReauthentication(client: Client, whoIsHere: () => User | null): ReauthenticationStore {
  const asked = createStore(false)
  let waiting: ((proven: boolean) => void)[] = []

  function release(proven: boolean) {
    const released = waiting
    waiting = []
    asked.set(false)
    for (const resolve of released) resolve(proven)
  }

  function waitForProof({ signal }: CallOptions): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise<boolean>((resolve) => {
      waiting.push(resolve)
      asked.set(true)
      signal?.addEventListener('abort', () => {
        waiting = waiting.filter((other) => other !== resolve)
        asked.set(waiting.length > 0)
        resolve(false)
      })
    })
  }

  async function hearOfSignIn() {
    const here = whoIsHere()?.id
    const result = await client.session()
    const isSame = result.ok && here !== undefined && result.data.user?.id === here
    if (isSame && whoIsHere()?.id === here) release(true)
  }

  return {
    getSnapshot: asked.getSnapshot,
    subscribe: asked.subscribe,
    async withPassword(password, options) {
      const result = await client.reauthenticate(password, options)
      if (result.ok && result.data.next === 'done') release(true)
      return result
    },
    cancel: () => release(false),
    start() {
      client.onReauthenticationRequired(waitForProof)
      const tabs = joinTabs((message) => {
        if (message === 'signed-in' && waiting.length > 0) void hearOfSignIn()
      })
      return () => {
        tabs.close()
        client.onReauthenticationRequired(null)
      }
    },
  }
}
