import type { Client } from '../index.js'
import { createStore, type Observable } from '../observable.js'
import { timeoutSignal } from '../timeout.js'
import type { Config } from '../types.js'

/** Milliseconds after which a page goes on without the configuration. */
const PATIENCE = 5_000

/** The server's description of itself: the name of the app, providers, rules; null until it is loaded, or if that failed. */
export interface ConfigStore extends Observable<Config | null> {
  /** Loads the configuration, unless it is there or on its way. */
  load(): Promise<void>
}

/** Creates the store of the configuration. */
export function createConfigStore(client: Client): ConfigStore {
  const config = createStore<Config | null>(null)
  let loading: Promise<void> | null = null

  async function load() {
    const result = await client.config({ signal: timeoutSignal(PATIENCE) })
    if (result.ok) config.set(result.data)
    else loading = null
  }
  return { getSnapshot: config.getSnapshot, subscribe: config.subscribe, load: () => (loading ??= load()) }
}
