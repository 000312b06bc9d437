import { timeoutSignal, type Client, type Config, type Provider } from '@cloakroom/client'
import { computed, ref, shallowRef } from 'vue'
import { shownTheme } from './theme'

const config = shallowRef<Config | null>(null)

/** The name of the site, as the server has it. */
export const appName = computed(() => config.value?.app.name ?? 'Cloakroom')

/** True when the configuration is there, or could not be loaded. Until then the header shows neither the logo nor our mark. */
export const configSettled = ref(false)

/** The address of the logo for the theme that the page shows; null if the site has none. */
export const logo = computed(() => config.value?.app[shownTheme.value === 'dark' ? 'logo_dark' : 'logo'] ?? null)

/** The targets of the links in the footer; null for those that the site does not name. */
export const siteLinks = computed(() => {
  const { support = null, terms = null, privacy = null } = config.value?.app ?? {}
  const isAddress = support !== null && /^[^/:]+@/.test(support)
  return { support: isAddress ? `mailto:${support}` : support, terms, privacy }
})

/** True if the providers stand above the form on the sign-in page. The page itself says so, so that nothing moves later. */
export const providersFirst = document.querySelector('meta[name="cloakroom-order"][content="providers"]') !== null

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
  configSettled.value = true
}
