/** Where a sign-in ends when nobody wanted to go anywhere else. */
export const HOME = '/account'
