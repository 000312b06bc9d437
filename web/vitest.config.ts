import vue from '@vitejs/plugin-vue'
import { defaultClientConditions } from 'vite'
import { defineConfig } from 'vitest/config'

/** Selects the sources of the client and the plugin, not their packages. */
const conditions = ['cloakroom-source', ...defaultClientConditions]

/** Every unit test of the workspace; the end-to-end tests are Playwright's. */
export default defineConfig({
  plugins: [vue()],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    environment: 'happy-dom',
    include: ['{client,vue,react,app}/tests/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
})
