import { createTexts, type Drawn, type Kit, type Model, type OwnMessages, type View } from '@cloakroom/client/kit'
import { createElement, Fragment, useEffect, useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { useProvided } from './cloakroom.js'
import { useObservable } from './observable.js'

/** The content of a component's slots: nodes, or functions of the facts that a slot gets. */
export type Slots<Values> = { [Name in keyof Values]?: ReactNode | ((values: Values[Name]) => ReactNode) }

type AnySlots = Record<string, ReactNode | ((values: Record<string, unknown>) => ReactNode)>

/** React's names for attributes that are not HTML's. */
const NAMES: Record<string, string> = {
  class: 'className',
  for: 'htmlFor',
  tabindex: 'tabIndex',
  novalidate: 'noValidate',
  readonly: 'readOnly',
  autocomplete: 'autoComplete',
  autocapitalize: 'autoCapitalize',
  spellcheck: 'spellCheck',
  inputmode: 'inputMode',
  onKeydown: 'onKeyDown',
  onKeyup: 'onKeyUp',
}

/** Turns the view of a component into React's elements. */
function toReact(view: View, slots: AnySlots): ReactNode {
  if (view === null || view === undefined || typeof view !== 'object') return view
  if (Array.isArray(view)) return createElement(Fragment, null, ...view.map((one) => toReact(one, slots)))
  if ('slot' in view) {
    const filled = slots[view.slot]
    return (typeof filled === 'function' ? filled(view.values) : filled) ?? toReact(view.fallback, slots)
  }
  const attributes = Object.fromEntries(Object.entries(view.attributes).map(([name, value]) => [NAMES[name] ?? name, value]))
  return createElement(view.tag, attributes, ...view.children.map((child) => toReact(child, slots)))
}

/** The parts of a component. */
interface ModelOptions<Props, Created> {
  /** Creates the model; `latest` returns the props of the last drawing. */
  create: (kit: Kit, latest: () => Props) => Created
  props: Props
  messages: OwnMessages | undefined
  slots: object | undefined
}

/** Runs the model of a component. Returns it with what is to be drawn. */
export function useModel<Props extends object, Created extends Model<Props & Drawn>>(
  { create, props, messages, slots = {} }: ModelOptions<Props, Created>,
): [ReactNode, Created] {
  const { cloakroom, texts, values } = useProvided()
  const latest = useRef(props)
  const [model] = useState(() => create(cloakroom.kit, () => latest.current))
  const id = `cloakroom-${useId()}`
  useObservable(model)
  useLayoutEffect(() => {
    latest.current = props
    model.settle()
  })
  useEffect(() => model.start(), [model])
  const own = messages ? createTexts(messages, () => values, texts) : texts
  const fills = (name: string) => (slots as AnySlots)[name] !== undefined
  return [toReact(model.draw({ ...props, id, texts: own, fills }), slots as AnySlots), model]
}
