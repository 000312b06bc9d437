import type { Drawn, Model, OwnMessages, View } from '@cloakroom/client/kit'
import { h, onBeforeUnmount, onMounted, useId, watch, type Slot, type VNodeChild } from 'vue'
import { useKit, useTexts } from './composables.js'
import { useObservable } from './observable.js'
import { followTexts } from './texts.js'

type Slots = Readonly<Record<string, Slot | undefined>>

/** Turns the view of a component into Vue's elements. */
function toVue(view: View, slots: Slots): VNodeChild {
  if (view === null || view === undefined || typeof view === 'boolean') return null
  if (typeof view !== 'object') return view
  if (Array.isArray(view)) return view.map((one) => toVue(one, slots))
  if ('slot' in view) return slots[view.slot]?.(view.values) ?? toVue(view.fallback, slots)
  return h(
    view.tag,
    view.attributes,
    view.children.map((child) => toVue(child, slots)),
  )
}

/** The parts of a component. */
interface ModelOptions<Props> {
  model: Model<Props & Drawn>
  props: Props & { messages: OwnMessages }
  slots: Slots
}

/** Runs the model of a component. Returns its render function. */
export function useModel<Props extends object>({ model, props, slots }: ModelOptions<Props>): () => VNodeChild {
  const id = `cloakroom-${useId()}`
  const texts = followTexts(useKit(), () => props.messages, useTexts())
  const changes = useObservable(model)
  let stop = () => {}
  onMounted(() => {
    stop = model.start()
    model.settle()
  })
  onBeforeUnmount(() => stop())
  watch(changes, model.settle, { flush: 'post' })
  return () => {
    // The model is not reactive; the number of its changes is.
    void changes.value
    return toVue(model.draw({ ...props, id, texts, fills: (name) => slots[name] !== undefined }), slots)
  }
}
