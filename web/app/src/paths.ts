/** The page that a sign-in leads to when `next` names none. */
export const HOME = '/account'
