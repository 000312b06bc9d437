import type { CallOptions, Client, LoginReply, Result, User } from '@cloakroom/client'
import { ref, type Ref } from 'vue'
import { joinTabs } from './tabs.js'

/**
 * Some requests are only for who has proven their identity a short while ago. One that is refused waits here until its
 * owner has proven it again, and is then sent as it was; or until they think better of it.
 */
export interface Reauthentication {
  /** A request waits for proof: ask for it, over the page as it is. */
  readonly asked: Readonly<Ref<boolean>>
  /** Proves by password; when that is right, what waits goes on. */
  withPassword(password: string, options?: CallOptions): Promise<Result<LoginReply>>
  /** Gives up what waits: its caller is told `reauthentication_required`. */
  cancel(): void
  /** Ends listening. */
  stop(): void
}

/**
 * Makes the client wait for proof instead of failing. It may also be given in another tab, by signing in again or by a
 * provider: whether it is fresh enough, the server says. Only the one who is here can give it: what one person asked for is
 * never sent as another.
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
