// Shows that the app could not start, and offers to reload. The texts are in index.html; the app replaces them when it starts.
// The Content-Security-Policy allows no inline script, so this is a file. It avoids new syntax, because an old browser is one of
// the reasons why the app does not start.
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
      // Storage is refused: the browser's language decides.
    }
    return /^de\b/.test(chosen || navigator.language) ? 'de' : 'en'
  }

  function fail() {
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', show)
    else show()
  }

  function hear({ target, filename }) {
    // A script that did not load, or an error in one of ours. Errors of browser extensions do not count.
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
