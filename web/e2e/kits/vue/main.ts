import { createClient } from '@cloakroom/client'
import { createCloakroom, RequireRecent, SignIn, SignUp, useClient, UserMenu } from '@cloakroom/vue'
import { createPinia } from 'pinia'
import { createApp, defineComponent, h, ref } from 'vue'
import { createRouter, createWebHistory, RouterLink, RouterView } from 'vue-router'
import { applyLook } from '../looks'

const Reports = defineComponent({
  setup() {
    const client = useClient()
    const outcome = ref('')
    async function change() {
      const result = await client.changeEmail('new@example.test')
      outcome.value = result.ok ? 'An email is on its way.' : result.problem.code
    }
    return () => [h('h1', 'Reports'), h('button', { onClick: change }, 'Change email'), h('p', { role: 'status' }, outcome.value)]
  },
})

// An object: the router takes a function for one that loads a page.
const page = (heading: string, component?: typeof SignIn | typeof SignUp) => ({
  render: () => [h('h1', heading), component && h(component as typeof SignIn)],
})

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: page('Home') },
    { path: '/login', component: page('Welcome back', SignIn), meta: { guest: true } },
    { path: '/signup', component: page('Join us', SignUp), meta: { guest: true } },
    { path: '/reports', component: Reports, meta: { auth: true } },
  ],
})

const App = () => [
  h('header', h(UserMenu, null, { items: ({ item }: { item: object }) => h(RouterLink, { to: '/reports', ...item }, () => 'Reports') })),
  h('main', h(RequireRecent, null, () => h(RouterView))),
]

await applyLook()
createApp({ render: App })
  .use(createPinia())
  .use(createCloakroom({ client: createClient(), router, paths: { home: '/reports' } }))
  .use(router)
  .mount('#app')
