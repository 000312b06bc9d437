import { readStored, writeStored } from '@cloakroom/vue'
import { ref, watch } from 'vue'

/** The choice in the footer; `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark'

// theme-before-paint.js reads the same key.
const KEY = 'cloakroom.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

/** The theme chosen on this device. */
export const theme = ref<Theme>(chosenTheme())

watch(theme, (chosen) => {
  applyTheme()
  writeStored(KEY, chosen === 'system' ? null : chosen)
})
dark.addEventListener('change', applyTheme)

function applyTheme() {
  const system = dark.matches ? 'dark' : 'light'
  document.documentElement.dataset.theme = theme.value === 'system' ? system : theme.value
}

function chosenTheme(): Theme {
  const chosen = readStored(KEY)
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}
