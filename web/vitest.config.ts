import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

/** Every unit test of the workspace; the end-to-end tests are Playwright's. */
export default defineConfig({
  plugins: [vue()],
  test: {
    environment: 'happy-dom',
    include: ['{client,vue,app}/tests/**/*.test.ts'],
    restoreMocks: true,
  },
})
