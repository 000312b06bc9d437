import { readStored, writeStored } from '@cloakroom/vue'
import { ref } from 'vue'

const KEY = 'cloakroom.last-provider'

/** The provider that somebody last signed in with in this browser; its id, and nothing about them. */
export const lastProvider = ref(readStored(KEY))

/** Keeps it; null, after a sign-in by password or when it was somebody else, forgets it. */
export function keepLastProvider(id: string | null): void {
  lastProvider.value = id
  writeStored(KEY, id)
}
