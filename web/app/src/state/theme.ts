import { ref, watch } from 'vue'

/** What people choose; `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark'

// theme-before-paint.js reads the same key.
const KEY = 'cloakroom.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

/** The theme chosen on this device. */
export const theme = ref<Theme>(chosenTheme())

watch(theme, (chosen) => {
  applyTheme()
  try {
    if (chosen === 'system') localStorage.removeItem(KEY)
    else localStorage.setItem(KEY, chosen)
  } catch {
    // No storage: the choice lasts as long as the page.
  }
})
dark.addEventListener('change', applyTheme)

function applyTheme() {
  const system = dark.matches ? 'dark' : 'light'
  document.documentElement.dataset.theme = theme.value === 'system' ? system : theme.value
}

function chosenTheme(): Theme {
  try {
    const chosen = localStorage.getItem(KEY)
    return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
  } catch {
    return 'system'
  }
}
