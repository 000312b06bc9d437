import { createRouter, type RouteLocationNormalized } from 'vue-router'
import { createPageHistory } from './composables/history-state'
import { takeLinkTokens } from './composables/link'
import { withText } from './i18n'
import Home from './pages/home/Home.vue'
import Login from './pages/sign-in/Login.vue'
import { HOME } from './paths'
import { followNotices } from './state/notice'

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
    { path: '/signup', component: withText(() => import('./pages/account/Signup.vue')), meta: { guest: true } },
    { path: '/check-email', component: withText(() => import('./pages/account/CheckEmail.vue')), meta: { guest: true } },
    { path: '/verify-email', component: withText(() => import('./pages/account/VerifyEmail.vue')) },
    { path: '/forgot-password', component: withText(() => import('./pages/account/ForgotPassword.vue')) },
    { path: '/reset-password', component: withText(() => import('./pages/account/ResetPassword.vue')) },
    { path: '/change-email', component: withText(() => import('./pages/account/ConfirmEmailChange.vue')), meta: { auth: true } },
    { path: '/undo-email-change', component: withText(() => import('./pages/account/UndoEmailChange.vue')) },
    { path: HOME, component: withText(() => import('./pages/account/Account.vue')), meta: { auth: true } },
    { path: '/account/email', component: withText(() => import('./pages/account/ChangeEmail.vue')), meta: { auth: true } },
    { path: '/account/password', component: withText(() => import('./pages/account/Password.vue')), meta: { auth: true } },
    { path: '/auth/:provider/callback', component: withText(() => import('./pages/social/SocialCallback.vue')) },
    { path: '/auth/:provider/link', component: withText(() => import('./pages/social/SocialLink.vue')), meta: { auth: true } },
    { path: '/auth/:provider/prove', component: withText(() => import('./pages/social/SocialProof.vue')), meta: { auth: true } },
    { path: '/auth/proven', component: withText(() => import('./pages/social/SocialProven.vue')) },
    { path: '/:path(.*)*', component: withText(() => import('./pages/home/NotFound.vue')), beforeEnter: isNobodys },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

takeLinkTokens(router)
followNotices(router)
