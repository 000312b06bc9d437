import { defineConfig } from '@playwright/test'
import { SERVER_URL } from './server'

export default defineConfig({
  testDir: 'tests',
  globalSetup: './global-setup.ts',
  // Hashing passwords keeps the server busy, too.
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env.CI !== undefined,
  timeout: 60_000,
  expect: {
    timeout: 10_000,
    // Another version of the browser or of its fonts draws edges a little differently.
    toHaveScreenshot: { pathTemplate: '../../docs/pictures/{arg}{ext}', maxDiffPixelRatio: 0.01, caret: 'hide' },
  },
  reporter: [['list']],
  use: {
    // Set by the global setup, before the workers read this.
    baseURL: process.env[SERVER_URL],
    locale: 'en-GB',
    // Snapshots of the page show more than screenshots, and cost less.
    trace: { mode: 'retain-on-failure', screenshots: false },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Chromium's sandbox refuses to run as root, as in a container.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
})
