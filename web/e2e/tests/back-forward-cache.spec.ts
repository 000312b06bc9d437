import { endSessionsElsewhere, expect, signIn, test } from '../fixtures'

// Playwright switches the back-forward cache off by default.
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  },
})

test('the back button shows nothing private before the session has been checked', async ({ page, context, person }) => {
  await page.addInitScript(() => {
    const seen: string[] = []
    Object.assign(window, { seen })
    window.addEventListener('pageshow', (event) => {
      if (!event.persisted) return
      const look = () => {
        seen.push(document.querySelector('main')?.innerText ?? '')
        requestAnimationFrame(look)
      }
      look()
    })
  })
  await signIn(page, person)
  await page.goto('/healthz')
  await endSessionsElsewhere(context, person)
  await page.route('**/api/session/', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    await route.continue()
  })
  // A page from the cache is not loaded again, so there is no load to wait for.
  await page.goBack({ waitUntil: 'commit' })
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  const seen = await page.evaluate(() => Reflect.get(window, 'seen') as string[])
  expect(seen.length, 'the page came from the cache').toBeGreaterThan(0)
  for (const text of seen) expect(text).not.toContain(person.email)
})
