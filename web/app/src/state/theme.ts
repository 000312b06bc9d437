import { readStored, writeStored } from '@cloakroom/vue'
import { computed, ref, watch } from 'vue'

/** The choice in the footer; `system` follows the device. */
export type Theme = 'system' | 'light' | 'dark'

// theme-before-paint.js reads the same key.
const KEY = 'cloakroom.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

/** The theme chosen on this device. */
export const theme = ref<Theme>(chosenTheme())

const deviceIsDark = ref(dark.matches)

/** The theme that the page shows. */
export const shownTheme = computed(() => (theme.value === 'system' ? (deviceIsDark.value ? 'dark' : 'light') : theme.value))

watch(shownTheme, (shown) => (document.documentElement.dataset.theme = shown))
watch(theme, (chosen) => {
  writeStored(KEY, chosen === 'system' ? null : chosen)
})
dark.addEventListener('change', () => (deviceIsDark.value = dark.matches))

function chosenTheme(): Theme {
  const chosen = readStored(KEY)
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}
