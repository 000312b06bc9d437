import { defineStore } from 'pinia'
import { AUTHENTICATED, readStored, writeStored } from '@cloakroom/client/kit'

/**
 * The Pinia store: whether somebody was signed in at the last answer of the server, mirrored in localStorage. It is a first guess
 * that `GET /api/session/` corrects. Its id is `cloakroom`, so that an app may have a store `auth` of its own.
 */
export const useAuthStore = defineStore('cloakroom', {
  state: () => ({ authenticated: readStored(AUTHENTICATED) === 'true' }),
  getters: {
    isAuthenticated: (state) => state.authenticated,
  },
  actions: {
    setAuthenticated(authenticated: boolean) {
      this.authenticated = authenticated
      writeStored(AUTHENTICATED, authenticated ? 'true' : null)
    },
  },
})
