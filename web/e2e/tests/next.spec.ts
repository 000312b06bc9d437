import { expect, submitSignIn, test } from '../fixtures'

test('where somebody wanted to go survives the sign-in', async ({ page, person }) => {
  await page.goto('/account?from=mail#sessions')
  await expect(page).toHaveURL('/login?next=/account?from=mail%23sessions')
  await expect(page.getByText('Sign in to continue.')).toBeVisible()
  await submitSignIn(page, { email: person.email, password: 'wrong' })
  await expect(page.getByRole('alert')).toBeVisible()
  await submitSignIn(page, person)
  await expect(page).toHaveURL('/account?from=mail#sessions')
})

test('a path of another program on the same origin is loaded from the server, not looked for among our pages', async ({ page, person }) => {
  const ofTheShop = ({ pathname }: URL) => pathname.startsWith('/shop/')
  await page.route(ofTheShop, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>The shop</h1>' }))
  await page.goto('/login?next=/shop/cart?item=3')
  await submitSignIn(page, person)
  await expect(page.getByRole('heading', { name: 'The shop' })).toBeVisible()
  await expect(page).toHaveURL('/shop/cart?item=3')
  await page.goto('/login?next=/shop/')
  await expect(page.getByRole('heading', { name: 'The shop' }), 'who is signed in already').toBeVisible()
  await page.goto('/login?next=/nowhere')
  await expect(page.getByRole('heading', { name: 'Page not found' }), 'nobody has it').toBeVisible()
  await expect(page).toHaveURL('/nowhere')
})

const hostile = [
  '//evil.test',
  '///evil.test',
  'https://evil.test/',
  'https:///evil.test',
  'http:evil.test',
  'javascript:alert(document.domain)',
  'javascript://host/%0Aalert(1)',
  '/\\evil.test',
  '/%5Cevil.test',
  '/%2F/evil.test',
  '/\t/evil.test',
  '/%09/evil.test',
  '/%0d%0a/evil.test',
  '@evil.test',
  `/${'a'.repeat(10_000)}`,
  '<img src=x onerror=alert(1)>',
]

test('O32 X03: a `next` that leads elsewhere ends on the account page, and runs nothing', async ({ page, baseURL, person }) => {
  const left: string[] = []
  page.on('dialog', (dialog) => {
    left.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(`${baseURL}/`)) left.push(request.url())
  })
  await page.goto('/login')
  await submitSignIn(page, person)
  await expect(page).toHaveURL('/account')
  // The same rule applies to somebody who is signed in already.
  for (const next of hostile) {
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await expect(page, next).toHaveURL('/account')
  }
  await page.goto('/login?next=/&next=//evil.test')
  await expect(page, 'two of them').toHaveURL('/account')
  expect(left).toEqual([])
})

test('O32: a `next` that leads elsewhere is refused after the form, too', async ({ page, person }) => {
  await page.goto('/login?next=%2F%5Cevil.test')
  await submitSignIn(page, person)
  await expect(page).toHaveURL('/account')
})

test('O32: an address of ours that reads like another site leads nowhere else, nor does the way back to it', async ({ page, baseURL }) => {
  const left: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(`${baseURL}/`)) left.push(request.url())
  })
  const evil = `${baseURL}//evil.test/x`
  for (const address of [`${evil}#token=abc`, evil]) {
    await page.goto(address)
    await expect(page.getByRole('heading', { name: 'Page not found' }), address).toBeVisible()
  }
  await page.getByRole('link', { name: 'Go to the home page' }).click()
  await expect(page).toHaveURL('/')
  await page.goBack()
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible()
  expect(page.url()).toBe(evil)
  expect(left).toEqual([])
})

test.describe('no page flashes that is not meant', () => {
  test.beforeEach(async ({ context }) => {
    // Records every heading that is shown, while the server is slow.
    await context.addInitScript(() => {
      const headings: string[] = []
      Object.assign(window, { headings })
      new MutationObserver(() => {
        const heading = document.querySelector('h1')?.textContent
        if (heading && headings.at(-1) !== heading) headings.push(heading)
      }).observe(document, { childList: true, subtree: true })
    })
    await context.route('**/api/session/', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 400))
      await route.continue()
    })
  })

  test('who is signed out sees the sign-in page and nothing before it, whatever the flag says', async ({ page }) => {
    await page.goto('/account')
    await page.evaluate(() => localStorage.setItem('cloakroom.authenticated', 'true'))
    await page.goto('/account')
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible()
    expect(await page.evaluate(() => Reflect.get(window, 'headings') as unknown)).toEqual(['Sign in'])
    expect(await page.evaluate(() => localStorage.getItem('cloakroom.authenticated'))).toBeNull()
  })

  test('who is signed in sees the account page and nothing before it', async ({ page, person }) => {
    await page.goto('/login')
    await submitSignIn(page, person)
    await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
    await page.evaluate(() => localStorage.removeItem('cloakroom.authenticated'))
    for (const path of ['/account', '/login']) {
      await page.goto(path)
      await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
      expect(await page.evaluate(() => Reflect.get(window, 'headings') as unknown), path).toEqual(['Your account'])
    }
    expect(await page.evaluate(() => localStorage.getItem('cloakroom.authenticated'))).toBe('true')
  })
})
