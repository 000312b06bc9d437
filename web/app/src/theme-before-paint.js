// Sets the theme before anything is drawn. It is a file because the Content-Security-Policy allows no inline script.
// state/theme.ts stores the choice under the same key.
;(() => {
  let theme = null
  try {
    theme = localStorage.getItem('cloakroom.theme')
  } catch {
    // Storage is refused: the system decides.
  }
  if (theme !== 'light' && theme !== 'dark') {
    theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  }
  document.documentElement.dataset.theme = theme
})()
