import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { choose, expect, signIn, test } from '../fixtures'

test('X01: every page has a strict policy, and keeps to it', async ({ page, person }) => {
  // The fixture `faults` fails the test at any violation.
  const policies: string[] = []
  page.on('response', (response) => {
    if (response.request().resourceType() === 'document') policies.push(response.headers()['content-security-policy'] ?? '')
  })
  await signIn(page, person)
  for (const path of ['/', '/login', '/account', '/no-such-page']) {
    await page.goto(path)
    await expect(page.locator('h1')).toBeVisible()
    await choose(page, 'Theme', 'Dark')
    await choose(page, 'Theme', 'Light')
  }
  expect(policies).toHaveLength(5)
  for (const policy of policies) {
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("object-src 'none'")
    expect(policy).toContain("base-uri 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe-')
  }
})

test('X01: the page cannot be put into a frame', async ({ page, baseURL, faults }) => {
  const framer = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end(`<iframe src="${baseURL}/login" width="600" height="600"></iframe>`)
  }).listen(0, '127.0.0.1')
  await once(framer, 'listening')
  const url = `http://localhost:${(framer.address() as AddressInfo).port}/`
  const form = page.frameLocator('iframe').getByLabel('Email')
  try {
    await page.goto(url)
    await expect.poll(() => page.frames()[1]?.url()).toBe('chrome-error://chromewebdata/')
    await expect(form).toHaveCount(0)
    await expect.poll(() => faults.join()).toContain('frame-ancestors')
    faults.length = 0

    // Without the policy the same frame shows the page. So it is the policy that keeps it out.
    await page.route('**/login', async (route) => {
      const response = await route.fetch()
      const headers = response.headers()
      delete headers['content-security-policy']
      await route.fulfill({ response, headers })
    })
    await page.goto(url)
    await expect(form).toBeVisible()
  } finally {
    framer.close()
  }
})

test('X01: the page holds no inline script or style, and no source map', async ({ request }) => {
  const page = await (await request.get('/login', { headers: { Accept: 'text/html' } })).text()
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/i)
  const scripts = [...page.matchAll(/<script[^>]*>([^]*?)<\/script>/g)]
  expect(scripts.length).toBeGreaterThan(0)
  for (const [tag, content] of scripts) {
    expect(content, tag).toBe('')
    const path = /src="(\/_cloakroom\/[\w.-]+)"/.exec(tag)?.[1]
    expect(path, tag).toBeDefined()
    expect(await (await request.get(path ?? '')).text()).not.toContain('sourceMappingURL')
    expect((await request.get(`${path}.map`)).status()).toBe(404)
  }
})

test('X03: what a link says is never taken for markup, wherever it stands', async ({ page }) => {
  // The fixture `faults` also fails the test at an inline handler that the policy stops.
  const opened: string[] = []
  page.on('dialog', (dialog) => {
    opened.push(dialog.message())
    void dialog.dismiss()
  })
  const markup = ['<img src=x onerror=alert(1)>', '"><svg onload=alert(1)>', '<script>alert(1)</script>', '{{alert(1)}}']
  for (const evil of markup) {
    const text = encodeURIComponent(evil)
    for (const path of [
      `/auth/github/callback?error=${text}&error_description=${text}&state=${text}`,
      `/auth/github/callback?code=${text}&state=${text}&iss=${text}`,
      `/auth/${text}/callback?code=x&state=y`,
      `/login?error=${text}&next=${text}&email=${text}`,
      `/verify-email#token=${text}`,
      `/reset-password#token=${text}`,
      `/undo-email-change#token=${text}`,
      `/${text}`,
    ]) {
      await page.goto(path)
      await expect(page.locator('h1'), path).toBeVisible()
      await expect(page.getByRole('button', { name: 'Cancel' }), path).toHaveCount(0)
      const planted = page.locator('img[src="x"], svg[onload], script:not([src]), [onerror]')
      await expect(planted, path).toHaveCount(0)
      // The page does not show it as its own text either.
      await expect(page.locator('main'), path).not.toContainText('alert(1)')
    }
  }
  expect(opened).toEqual([])
})

test('X08: nothing secret can be read by a script', async ({ page, context, person }) => {
  await signIn(page, person)
  await page.getByRole('link', { name: 'Cloakroom, home' }).click()
  await page.getByRole('link', { name: 'Go to your account' }).click()
  await expect(page.getByText(person.email)).toBeVisible()

  const readable = await page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    cookies: document.cookie,
    document: document.documentElement.outerHTML,
  }))
  expect(readable.local).toEqual({ 'cloakroom.authenticated': 'true' })
  // vue-router keeps the scroll position of each page.
  expect(Object.keys(readable.session)).toEqual(['vue-router:scroll'])
  expect(readable.databases).toEqual([])
  expect(readable.caches).toEqual([])
  expect(readable.cookies).toMatch(/^csrftoken=[^;]+$/)

  const hidden = (await context.cookies()).filter(({ httpOnly }) => httpOnly)
  expect(hidden.map(({ name }) => name).sort()).toEqual(['browser', 'sessionid'])
  for (const { value } of hidden) expect(JSON.stringify(readable)).not.toContain(value)
  expect(JSON.stringify(readable)).not.toContain(person.password)
})
