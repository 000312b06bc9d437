import { ref } from 'vue'

const KEY = 'cloakroom.last-provider'

/** The provider that somebody last signed in with in this browser; its id, and nothing about them. */
export const lastProvider = ref<string | null>(kept())

/** Keeps it; null, after a sign-in by password or when it was somebody else, forgets it. */
export function keepLastProvider(id: string | null): void {
  lastProvider.value = id
  try {
    if (id === null) localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, id)
  } catch {
    // No storage: known as long as the page.
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
