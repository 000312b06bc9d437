/**
 * Tabs tell each other what happened, never who: whoever hears it asks the server. Nothing that passes here is worth
 * stealing or forging.
 */
import { writeStored } from './storage.js'

/** What one tab tells the others. */
export type TabMessage = 'signed-in' | 'signed-out' | 'sign-out-pending'

/** A way to the other tabs of this browser. */
export interface Tabs {
  /** Tells the other tabs; this one does not hear it. */
  tell(message: TabMessage): void
  /** Ends listening. */
  close(): void
}

const CHANNEL = 'cloakroom'
const MESSAGES: readonly unknown[] = ['signed-in', 'signed-out', 'sign-out-pending'] satisfies TabMessage[]

/** Joins the other tabs by BroadcastChannel, or by `storage` events where that is missing. */
export function joinTabs(hear: (message: TabMessage) => void): Tabs {
  const receive = (message: unknown) => {
    if (MESSAGES.includes(message)) hear(message as TabMessage)
  }
  return typeof BroadcastChannel === 'function' ? byChannel(receive) : byStorage(receive)
}

function byChannel(receive: (message: unknown) => void): Tabs {
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = (event) => receive(event.data)
  return {
    tell: (message) => channel.postMessage(message),
    close: () => channel.close(),
  }
}

function byStorage(receive: (message: unknown) => void): Tabs {
  const key = `${CHANNEL}.message`
  const listen = (event: StorageEvent) => {
    if (event.key === key && event.newValue !== null) receive(event.newValue)
  }
  window.addEventListener('storage', listen)
  return {
    // Where storage is refused, the other tabs find out when they get the focus.
    tell: (message) => {
      writeStored(key, message)
      // Removed at once, so that the same message is news the next time.
      writeStored(key, null)
    },
    close: () => window.removeEventListener('storage', listen),
  }
}
