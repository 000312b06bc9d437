import type { Client } from '@cloakroom/client'
import { ref } from 'vue'

/** The name that people know this site by; the server tells it. */
export const appName = ref('Cloakroom')

/** Asks the server for the name, once, and in parallel with the session: no page is drawn before both are there. */
export async function loadAppConfig(client: Client): Promise<void> {
  const result = await client.config({ signal: AbortSignal.timeout(5_000) })
  if (result.ok) appName.value = result.data.app.name
}
