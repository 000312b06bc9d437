import { defineStore } from 'pinia'
import { AUTHENTICATED, readStored, writeStored } from './storage.js'

/**
 * The store of the article: whether this browser was signed in when we last heard, mirrored in localStorage. It makes a
 * first guess before the server has answered and nothing more; `GET /api/session/` corrects it. Its id leaves `auth` to the app.
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
