import { problemText } from '../form/errors.js'
import type { Observable } from '../observable.js'
import type { Kit } from '../session/kit.js'
import { safeNext } from '../session/next.js'
import { createProviderTrip, phaseTo } from '../session/provider-trip.js'
import type { Provider } from '../types.js'
import { drawButton, drawSubmit } from './form-view.js'
import { el, slot, type Drawn, type View } from './view.js'

/** The buttons for providers. They sign people in or up, depending on whether the provider's account is known. */
export interface Providers {
  readonly sources: Observable<unknown>[]
  start(): () => void
  draw(given: Drawn): View
}

/** Returns the path to go to after a sign-in: the given one, `next` of the address, or the home page. Only paths of this site count. */
export function targetAfterSignIn(next: string | undefined, home: string): string {
  return safeNext(next ?? new URLSearchParams(location.search).get('next')) ?? home
}

/** Creates the buttons. `next` returns the path to go to after the trip. */
export function createProviders(kit: Kit, next: () => string | undefined): Providers {
  const { config, lastProvider, paths } = kit
  const trip = createProviderTrip(kit.client)
  const go = (id: string) => void trip.go(id, { intent: 'login', return_to: targetAfterSignIn(next(), paths.home) })

  const drawProvider = ({ texts }: Drawn, { id, name }: Provider): View => {
    const badge = [' ', el('span', { class: 'cloakroom-badge' }, texts.of('social.last_used'))]
    const button = drawSubmit(texts, {
      type: 'button',
      look: 'secondary',
      phase: phaseTo(trip.getSnapshot(), id),
      label: texts.of('social.continue', { provider: name }),
      busyLabel: texts.of('social.going', { provider: name }),
      before: slot('mark', null, { provider: id }),
      after: id === lastProvider.getSnapshot() && badge,
      onClick: () => go(id),
      onCancel: trip.cancel,
    })
    return el('li', { key: id }, button)
  }

  return {
    sources: [config, lastProvider, trip],
    start: trip.start,
    draw(given) {
      const { texts } = given
      const providers = config.getSnapshot()?.providers ?? []
      const { problem } = trip.getSnapshot()
      if (providers.length === 0) return null
      return el(
        'section',
        { class: 'cloakroom-providers', 'aria-label': texts.of('social.other_ways') },
        el('p', { class: 'cloakroom-or', 'aria-hidden': 'true' }, el('span', {}, texts.of('social.or'))),
        el('ul', {}, ...providers.map((provider) => drawProvider(given, provider))),
        providers.some(({ id }) => id === lastProvider.getSnapshot()) &&
          drawButton(texts.of('social.forget_last_used'), () => lastProvider.keep(null)),
        problem && el('p', { role: 'alert', class: 'cloakroom-errors' }, problemText(problem, texts)),
      )
    },
  }
}
