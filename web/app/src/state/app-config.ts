import { timeoutSignal, type Client, type Config, type Provider } from '@cloakroom/client'
import { computed, shallowRef } from 'vue'

const config = shallowRef<Config | null>(null)

/** The name of the site, as the server has it. */
export const appName = computed(() => config.value?.app.name ?? 'Cloakroom')

/** True unless the server says that signup is closed. If the configuration did not load, the signup itself will tell. */
export const signupOpen = computed(() => config.value?.signup.mode !== 'closed')

/** The minimum length of a new password; null if the configuration did not load. */
export const passwordMinLength = computed(() => config.value?.password.min_length ?? null)

/** The providers of social login, in the order of the configuration. */
export const providers = computed<Provider[]>(() => config.value?.providers ?? [])

/**
 * Returns the display name of a provider. An id from the address bar may have been written by anybody, so one that does not look
 * like an id is not shown.
 */
export function providerName(id: string): string {
  const known = providers.value.find((provider) => provider.id === id)
  return known?.name ?? (/^[a-z0-9-]{1,32}$/.test(id) ? id : '?')
}

/** Loads the configuration once, in parallel with the session. No page is drawn before both are there. */
export async function loadAppConfig(client: Client): Promise<void> {
  const result = await client.config({ signal: timeoutSignal(5_000) })
  if (result.ok) config.value = result.data
}
