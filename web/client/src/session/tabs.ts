/**
 * Messages between the tabs of a browser. They tell what happened, never who it was: a tab that hears one asks the server. So
 * there is nothing to steal or to forge.
 */
import { writeStored } from './storage.js'

/** A message from one tab to the others. */
export type TabMessage = 'signed-in' | 'signed-out' | 'sign-out-pending'

/** The connection to the other tabs of this browser. */
export interface Tabs {
  /** Sends a message to the other tabs; this one does not receive it. */
  tell(message: TabMessage): void
  /** Closes the connection. */
  close(): void
}

const CHANNEL = 'cloakroom'
const MESSAGES: readonly unknown[] = ['signed-in', 'signed-out', 'sign-out-pending'] satisfies TabMessage[]

/** Connects to the other tabs by BroadcastChannel, or by `storage` events in browsers without it. A server has no tabs. */
export function joinTabs(hear: (message: TabMessage) => void): Tabs {
  const receive = (message: unknown) => {
    if (MESSAGES.includes(message)) hear(message as TabMessage)
  }
  if (typeof window === 'undefined') return { tell: () => {}, close: () => {} }
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
    // Where storage is refused, the other tabs notice when they get the focus.
    tell: (message) => {
      writeStored(key, message)
      // Removed at once, so that the same message is news the next time.
      writeStored(key, null)
    },
    close: () => window.removeEventListener('storage', listen),
  }
}
