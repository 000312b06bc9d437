import { timeoutSignal, type Client, type Config, type Provider } from '@cloakroom/client'
import { computed, shallowRef } from 'vue'

const config = shallowRef<Config | null>(null)

/** The name that people know this site by; the server tells it. */
export const appName = computed(() => config.value?.app.name ?? 'Cloakroom')

/** Whether people may make an account by themselves. Where we could not ask, the server says so when they try. */
export const signupOpen = computed(() => config.value?.signup.mode !== 'closed')

/** The least characters of a new password, where we know. */
export const passwordMinLength = computed(() => config.value?.password.min_length ?? null)

/** The providers of social login, in the order of the configuration. */
export const providers = computed<Provider[]>(() => config.value?.providers ?? [])

/**
 * What people call a provider. One that we do not know stands in the address bar, where anybody can have written it: what does not
 * even look like an id is not shown to people as if we had said it.
 */
export function providerName(id: string): string {
  const known = providers.value.find((provider) => provider.id === id)
  return known?.name ?? (/^[a-z0-9-]{1,32}$/.test(id) ? id : '?')
}

/** Asks the server, once, and in parallel with the session: no page is drawn before both are there. */
export async function loadAppConfig(client: Client): Promise<void> {
  const result = await client.config({ signal: timeoutSignal(5_000) })
  if (result.ok) config.value = result.data
}
