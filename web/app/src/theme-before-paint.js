// Runs before anything is drawn, as a file of its own because the Content-Security-Policy allows no inline script.
// The choice is made in state/theme.ts, which uses the same key.
;(() => {
  let theme = null
  try {
    theme = localStorage.getItem('cloakroom.theme')
  } catch {
    // No storage: the system decides.
  }
  if (theme !== 'light' && theme !== 'dark') {
    theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  }
  document.documentElement.dataset.theme = theme
})()
