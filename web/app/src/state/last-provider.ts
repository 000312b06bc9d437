import { readStored, writeStored } from '@cloakroom/vue'
import { ref } from 'vue'

const KEY = 'cloakroom.last-provider'

/** The id of the provider used for the last sign-in in this browser. */
export const lastProvider = ref(readStored(KEY))

/** Remembers the provider. After a sign-in by password, or when it was somebody else, null forgets it. */
export function keepLastProvider(id: string | null): void {
  lastProvider.value = id
  writeStored(KEY, id)
}
