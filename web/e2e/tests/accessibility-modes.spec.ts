import { expect, expectAccessible, expectNoSidewaysScroll, signIn, test, type Page } from '../fixtures'

/** A way in which somebody sees the pages, other than in a theme and a width. */
interface Mode {
  name: string
  viewport: { width: number; height: number }
  /** Rules that are added to our style sheet. The policy allows no inline style. */
  css?: string
  forcedColors?: 'active'
  colorScheme?: 'dark'
  /** Changes a page that is shown. */
  change?: () => void
}

const small = { width: 320, height: 640 }
const wide = { width: 1280, height: 800 }

/** Writes from right to left. */
function mirror() {
  document.documentElement.dir = 'rtl'
}

/** Makes every text longer by a half and gives it accents, as a pseudo-language does. */
function lengthen() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue ?? ''
    if (text.trim() === '') continue
    const accented = text.replace(/[aeiou]/g, (letter) => `${letter}\u0301`)
    node.nodeValue = accented + ' xxxxxxx'.repeat(Math.ceil(text.length / 16))
  }
}

const MODES: Mode[] = [
  { name: 'a brand, light', viewport: wide, css: ':root { --accent: #8a1c5b; --accent-hover: #701549; --accent-active: #560f38; --focus: #8a1c5b }' },
  {
    name: 'a brand, dark',
    viewport: wide,
    colorScheme: 'dark',
    css: ':root { --accent: #f2a3cf; --accent-hover: #f6bcdc; --accent-active: #f9d2e8; --on-accent: #2c0a1d; --focus: #f2a3cf }',
  },
  { name: 'forced colours', viewport: wide, forcedColors: 'active' },
  { name: 'text of 200 %', viewport: wide, css: 'html { font-size: 200% }' },
  { name: 'right to left', viewport: small, change: mirror },
  { name: 'a pseudo-language', viewport: small, change: lengthen },
]

async function prepare(page: Page, { viewport, css, forcedColors, colorScheme }: Mode) {
  await page.setViewportSize(viewport)
  await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: forcedColors ?? null, colorScheme: colorScheme ?? 'light' })
  if (css === undefined) return
  await page.route('**/_cloakroom/index-*.css', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, body: `${await response.text()}\n${css}` })
  })
}

/** Expects that the page is accessible, fits the window, and cuts off no label of a button or link. */
async function look(page: Page, { change }: Mode) {
  if (change) await page.evaluate(change)
  await expectAccessible(page)
  await expectNoSidewaysScroll(page)
  const cut = await page.locator('main .button, main label, main h1').evaluateAll((all) =>
    all.filter((element) => element.scrollWidth > element.clientWidth + 1).map((element) => element.textContent),
  )
  expect.soft(cut, `cut off at ${page.url()}`).toEqual([])
}

for (const mode of MODES) {
  test(`axe finds nothing and all fits: ${mode.name}`, async ({ page, person }) => {
    test.slow()
    await prepare(page, mode)
    for (const path of ['/signup', '/forgot-password', '/login']) {
      await page.goto(path)
      await expect(page.locator('h1')).toBeVisible()
      await page.locator('main form button[type=submit]').click()
      await expect(page.locator('[aria-invalid]').first()).toBeVisible()
      await look(page, mode)
    }
    await signIn(page, person)
    for (const path of ['/account', '/account/password', '/account/linked', '/account/devices']) {
      await page.goto(path)
      await expect(page.locator('main h1')).toBeVisible()
      await look(page, mode)
    }
  })
}
