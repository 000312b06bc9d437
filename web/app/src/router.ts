import { createRouter, createWebHistory } from 'vue-router'
import { takeLinkTokens } from './link'
import Home from './pages/Home.vue'
import Login from './pages/Login.vue'

/** Where a sign-in ends when nobody wanted to go anywhere else. */
export const HOME = '/account'

/** The pages, one file each. The two that people come in by are in the first download. */
export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: Home },
    { path: '/login', component: Login, meta: { guest: true } },
    { path: '/signup', component: () => import('./pages/Signup.vue'), meta: { guest: true } },
    { path: '/check-email', component: () => import('./pages/CheckEmail.vue'), meta: { guest: true } },
    { path: '/verify-email', component: () => import('./pages/VerifyEmail.vue') },
    { path: '/forgot-password', component: () => import('./pages/ForgotPassword.vue') },
    { path: '/reset-password', component: () => import('./pages/ResetPassword.vue') },
    { path: '/change-email', component: () => import('./pages/ConfirmEmailChange.vue'), meta: { auth: true } },
    { path: '/undo-email-change', component: () => import('./pages/UndoEmailChange.vue') },
    { path: HOME, component: () => import('./pages/Account.vue'), meta: { auth: true } },
    { path: '/account/email', component: () => import('./pages/ChangeEmail.vue'), meta: { auth: true } },
    { path: '/account/password', component: () => import('./pages/ChangePassword.vue'), meta: { auth: true } },
    { path: '/:path(.*)*', component: () => import('./pages/NotFound.vue') },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

takeLinkTokens(router)
