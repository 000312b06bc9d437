// Tells people that the app could not be started, and lets them reload. The texts are in index.html; the app replaces them
// when it starts. This is a file of its own because the Content-Security-Policy allows no inline script. It uses no syntax that
// browsers below our floor lack: they are one of the reasons why the app does not start.
;(() => {
  function show() {
    const failure = document.getElementById('start-failed')
    if (!failure) return
    const page = failure.content.cloneNode(true)
    for (const text of page.querySelectorAll('[lang]')) text.hidden = text.lang !== language()
    failure.replaceWith(page)
  }

  // i18n.ts uses the same key.
  function language() {
    let chosen = null
    try {
      chosen = localStorage.getItem('cloakroom.language')
    } catch {
      // No storage: the browser's language decides.
    }
    return /^de\b/.test(chosen || navigator.language) ? 'de' : 'en'
  }

  function fail() {
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', show)
    else show()
  }

  function hear({ target, filename }) {
    // A script that cannot be loaded, or one of ours that throws: extensions of the browser may throw what they like.
    const isOurs = target === window && String(filename).startsWith(location.origin)
    if (target instanceof HTMLScriptElement || isOurs) fail()
  }

  // Errors of elements do not bubble.
  addEventListener('error', hear, true)
  addEventListener('unhandledrejection', fail)
  addEventListener('start-failed', fail)
  addEventListener('click', ({ target }) => {
    if (target.matches('.start__reload')) location.reload()
  })
})()
