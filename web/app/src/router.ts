import { createRouter, type RouteLocationNormalized } from 'vue-router'
import { createPageHistory } from './history-state'
import { HOME } from './home'
import { withText } from './i18n'
import { takeLinkTokens } from './link'
import { followNotices } from './notice'
import Home from './pages/Home.vue'
import Login from './pages/Login.vue'

/**
 * A path that is not ours may be of another program on the same origin, to which a sign-in leads back (`next`): only the
 * server knows, so it is asked. If it has nothing else, it sends this app again: where the browser is already, nobody else is.
 */
function isNobodys(to: RouteLocationNormalized): boolean {
  // Whole, because a path may begin with two slashes, which alone would be another site.
  const address = new URL(location.origin + to.fullPath)
  if (address.pathname === location.pathname) return true
  location.replace(address)
  return false
}

/** The pages, one file each. The two that people come in by are in the first download. */
export const router = createRouter({
  history: createPageHistory(),
  routes: [
    { path: '/', component: Home },
    { path: '/login', component: Login, meta: { guest: true } },
    { path: '/signup', component: withText(() => import('./pages/Signup.vue')), meta: { guest: true } },
    { path: '/check-email', component: withText(() => import('./pages/CheckEmail.vue')), meta: { guest: true } },
    { path: '/verify-email', component: withText(() => import('./pages/VerifyEmail.vue')) },
    { path: '/forgot-password', component: withText(() => import('./pages/ForgotPassword.vue')) },
    { path: '/reset-password', component: withText(() => import('./pages/ResetPassword.vue')) },
    { path: '/change-email', component: withText(() => import('./pages/ConfirmEmailChange.vue')), meta: { auth: true } },
    { path: '/undo-email-change', component: withText(() => import('./pages/UndoEmailChange.vue')) },
    { path: HOME, component: withText(() => import('./pages/Account.vue')), meta: { auth: true } },
    { path: '/account/email', component: withText(() => import('./pages/ChangeEmail.vue')), meta: { auth: true } },
    { path: '/account/password', component: withText(() => import('./pages/ChangePassword.vue')), meta: { auth: true } },
    { path: '/auth/:provider/callback', component: withText(() => import('./pages/SocialCallback.vue')) },
    { path: '/auth/:provider/link', component: withText(() => import('./pages/SocialLink.vue')), meta: { auth: true } },
    { path: '/auth/:provider/prove', component: withText(() => import('./pages/SocialProof.vue')), meta: { auth: true } },
    { path: '/auth/proven', component: withText(() => import('./pages/SocialProven.vue')) },
    { path: '/:path(.*)*', component: withText(() => import('./pages/NotFound.vue')), beforeEnter: isNobodys },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

takeLinkTokens(router)
followNotices(router)
