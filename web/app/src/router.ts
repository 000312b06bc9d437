import { createRouter, createWebHistory } from 'vue-router'
import Home from './pages/Home.vue'
import Login from './pages/Login.vue'

/** The pages, one file each. The two that people come in by are in the first download. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Home },
    { path: '/login', component: Login, meta: { guest: true } },
    { path: '/account', component: () => import('./pages/Account.vue'), meta: { auth: true } },
    { path: '/:path(.*)*', component: () => import('./pages/NotFound.vue') },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})
