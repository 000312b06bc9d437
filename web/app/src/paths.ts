/** The first page of somebody's account. */
export const ACCOUNT = '/account'

/** True when these pages stand beside an app that has `/` and every path that is not here. */
export const besideAnApp = document.querySelector('meta[name="cloakroom-home"]') !== null

/** The path that a sign-in leads to when `next` names none: the app beside these pages, or else the account. */
export const HOME = besideAnApp ? '/' : ACCOUNT
