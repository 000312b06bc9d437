import type { CallOptions, Client, LoginReply, Result, User } from '@cloakroom/client'
import { ref, type Ref } from 'vue'
import { joinTabs } from './tabs.js'

/**
 * Requests that need fresh proof of identity. One that is refused waits here. After the proof it is sent again unchanged; the
 * person may also cancel it.
 */
export interface Reauthentication {
  /** True while a request waits for proof: show a dialog over the page. */
  readonly asked: Readonly<Ref<boolean>>
  /** Proves the identity by password. If it is right, the waiting requests are sent again. */
  withPassword(password: string, options?: CallOptions): Promise<Result<LoginReply>>
  /** Gives up the waiting requests: they end with `reauthentication_required`. */
  cancel(): void
  /** Removes the listeners. */
  stop(): void
}

/**
 * Makes the client wait for proof instead of failing. The proof may also come from another tab, by a new sign-in or by a provider;
 * the server decides whether it is fresh enough. It must be the same user's: a request of one person is never sent as another.
 */
export function startReauthentication(client: Client, whoIsHere: () => User | null): Reauthentication {
  const asked = ref(false)
  let waiting: ((proven: boolean) => void)[] = []

  function release(proven: boolean) {
    const released = waiting
    waiting = []
    asked.value = false
    for (const resolve of released) resolve(proven)
  }

  client.onReauthenticationRequired(({ signal }) => {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise<boolean>((resolve) => {
      waiting.push(resolve)
      asked.value = true
      signal?.addEventListener('abort', () => {
        waiting = waiting.filter((other) => other !== resolve)
        asked.value = waiting.length > 0
        resolve(false)
      })
    })
  })

  async function hearOfSignIn() {
    const here = whoIsHere()?.id
    const result = await client.session()
    const isSame = result.ok && here !== undefined && result.data.user?.id === here
    if (isSame && whoIsHere()?.id === here) release(true)
  }
  const tabs = joinTabs((message) => {
    if (message === 'signed-in' && waiting.length > 0) void hearOfSignIn()
  })

  return {
    asked,
    async withPassword(password, options) {
      const result = await client.reauthenticate(password, options)
      if (result.ok) release(true)
      return result
    },
    cancel: () => release(false),
    stop() {
      tabs.close()
      client.onReauthenticationRequired(null)
    },
  }
}
