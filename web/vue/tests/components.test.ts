import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { describeComponents } from '../../client/tests/components'
import { createCloakroom, RequireRecent, SignIn, SignUp, UserMenu } from '../src/index'

const COMPONENTS = { SignIn, SignUp, UserMenu, RequireRecent }

describeComponents('Vue', ({ server, component, props, slots }) => {
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => null } }] })
  const cloakroom = createCloakroom({ client: server.client(), router })
  const drawn = Object.fromEntries(Object.entries(slots).map(([name, text]) => [name, () => text]))
  const page = mount(() => h(COMPONENTS[component] as typeof SignIn, props, drawn), {
    attachTo: document.body,
    global: { plugins: [createPinia(), cloakroom, router] },
  })
  return () => page.unmount()
})
