import { createRouter, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router'
import { createPageHistory } from './composables/history-state'
import { takeLinkTokens } from './composables/link'
import { withText } from './i18n'
import Home from './pages/home/Home.vue'
import Login from './pages/sign-in/Login.vue'
import { ACCOUNT, besideAnApp } from './paths'
import { followNotices } from './state/notice'

/**
 * Asks the server for a path that the app does not have: another program on the same origin may own it, and a sign-in may lead
 * to it (`next`). If nobody owns it, the server sends this app again, at the path where the browser already is.
 */
function isNobodys(to: RouteLocationNormalized, from: RouteLocationNormalized): boolean {
  // With the origin, because a path that begins with two slashes would name another site.
  const address = new URL(location.origin + to.fullPath)
  if (address.pathname === location.pathname) return true
  // Back leads to the account again, but not to a form that is done with.
  if (from.meta.auth) location.assign(address)
  else location.replace(address)
  return false
}

/** The pages of a site that has no app beside it. */
const alone: RouteRecordRaw[] = besideAnApp ? [] : [{ path: '/', component: Home }]

/** The pages, one file each. The first download holds the two by which people enter. */
export const router = createRouter({
  history: createPageHistory(),
  routes: [
    ...alone,
    { path: '/login', component: Login, meta: { guest: true } },
    { path: '/signup', component: withText(() => import('./pages/account/Signup.vue')), meta: { guest: true } },
    { path: '/check-email', component: withText(() => import('./pages/account/CheckEmail.vue')), meta: { guest: true } },
    { path: '/verify-email', component: withText(() => import('./pages/account/VerifyEmail.vue')) },
    { path: '/forgot-password', component: withText(() => import('./pages/account/ForgotPassword.vue')) },
    { path: '/reset-password', component: withText(() => import('./pages/account/ResetPassword.vue')) },
    { path: '/change-email', component: withText(() => import('./pages/account/ConfirmEmailChange.vue')), meta: { auth: true } },
    { path: '/undo-email-change', component: withText(() => import('./pages/account/UndoEmailChange.vue')) },
    {
      path: ACCOUNT,
      component: withText(() => import('./pages/account/AccountArea.vue')),
      meta: { auth: true },
      // The list at their side is in pages/account/sections.ts.
      children: [
        { path: '', component: withText(() => import('./pages/account/Account.vue')) },
        { path: 'email', component: withText(() => import('./pages/account/ChangeEmail.vue')) },
        { path: 'password', component: withText(() => import('./pages/account/Password.vue')) },
        { path: 'linked', component: withText(() => import('./pages/account/LinkedAccounts.vue')) },
        { path: 'devices', component: withText(() => import('./pages/account/Devices.vue')) },
      ],
    },
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
