import { problemText } from '../form/errors.js'
import { createSubmission } from '../form/submission.js'
import { createMenu } from '../menu.js'
import { createStore } from '../observable.js'
import type { Problem } from '../problem.js'
import type { Kit } from '../session/kit.js'
import { countChanges, el, slot, type Drawn, type Model, type View } from './view.js'

/** Creates a button with the address of who is signed in, which opens the way to the account and to sign out. Others get a link. */
export function createUserMenu(kit: Kit): Model<Drawn> {
  const menu = createMenu()
  const submission = createSubmission({ givesUp: false })
  const problem = createStore<Problem | null>(null)
  let root: HTMLElement | null = null
  const refRoot = (element: unknown) => void (root = element as HTMLElement | null)

  /** Signs out. The menu stays open meanwhile, to show that. */
  async function signOut(event: Event) {
    event.stopPropagation()
    problem.set(null)
    const result = await submission.send(() => kit.session.logout())
    if (result && !result.ok) problem.set(result.problem)
    else menu.close()
  }

  function drawItems({ texts }: Drawn): View {
    const item = { class: 'cloakroom-menu-item', role: 'menuitem', tabindex: -1 }
    const isIdle = submission.getSnapshot() === 'idle'
    const label = isIdle ? 'user_menu.sign_out' : 'account.signing_out'
    return [
      slot('items', el('a', { ...item, href: kit.paths.account }, texts.of('navigation.account')), { item }),
      el(
        'button',
        { ...item, type: 'button', 'aria-busy': !isIdle, onClick: signOut },
        slot('signOutMark'),
        !isIdle && el('span', { class: 'cloakroom-spinner', 'aria-hidden': 'true' }),
        texts.of(label),
      ),
    ]
  }

  function drawPopup(given: Drawn, email: string): View {
    const { texts, id } = given
    const failure = problem.getSnapshot()
    const label = texts.of('user_menu.label', { email })
    const who = el('p', { class: 'cloakroom-menu-who' }, el('span', {}, texts.of('user_menu.signed_in_as')), ` ${email}`)
    const attributes = { id: `${id}-menu`, role: 'menu', 'aria-label': label, onKeydown: menu.keyOnItem, onClick: menu.leave }
    return el(
      'div',
      { class: 'cloakroom-popup' },
      slot('head', who, { email }),
      el('div', attributes, drawItems(given)),
      failure && el('p', { role: 'alert', class: 'cloakroom-menu-failed' }, problemText(failure, texts)),
    )
  }

  function drawMenu(given: Drawn, email: string): View {
    const { open } = menu.getSnapshot()
    const attributes = {
      type: 'button',
      class: 'cloakroom-menu-button',
      'aria-haspopup': 'menu',
      'aria-expanded': open,
      'aria-controls': open ? `${given.id}-menu` : undefined,
      'aria-label': given.texts.of('user_menu.label', { email }),
      onClick: menu.toggle,
      onKeydown: menu.keyOnButton,
    }
    return [el('button', attributes, slot('label', email, { email })), open && drawPopup(given, email)]
  }

  return {
    ...countChanges([kit.session, menu, submission, problem]),
    start() {
      const stop = root ? menu.start(root) : () => {}
      return () => {
        stop()
        submission.cancel()
      }
    },
    draw(given) {
      const { status, user } = kit.session.getSnapshot()
      const link = el('a', { class: 'cloakroom-link', href: kit.paths.login }, given.texts.of('navigation.sign_in'))
      return el(
        'div',
        { ref: refRoot, class: 'cloakroom cloakroom-user-menu' },
        status === 'signed-out' && slot('signedOut', link),
        user && drawMenu(given, user.email),
      )
    },
    settle: menu.settle,
  }
}
