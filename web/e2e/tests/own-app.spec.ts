import { BUILDS, STYLES_AT_RUN_TIME, writeBuild, type Build } from '../apps'
import { expect, SAMPLE_PASSWORD, submitSignIn, test, type Page } from '../fixtures'
import { startServer } from '../server'

/** Runs a test against a server whose app is the build. */
async function serving(build: Build, settings: Record<string, string>, run: (url: string) => Promise<void>) {
  const { directory, remove } = writeBuild(build)
  const server = await startServer({ CLOAKROOM_APP__DIR: directory, ...settings })
  try {
    await run(server.url)
  } finally {
    await server.stop()
    remove()
  }
}

/** Expects that the build has loaded everything: scripts, styles, images from data and from blobs. */
async function expectWhole(page: Page, path: string) {
  const app = page.locator('#app')
  await expect(app).toHaveAttribute('data-ready', 'yes')
  await expect(app).toHaveAttribute('data-chunk', 'loaded')
  await expect(page.getByRole('heading')).toHaveText(path)
  await expect(page.locator('body')).toHaveCSS('background-color', 'rgb(1, 2, 3)')
  await expect(page.locator('body')).toHaveCSS('font-family', 'Inline, sans-serif')
  await expect(app).toHaveCSS('color', 'rgb(4, 5, 6)')
  const widths = page.evaluate(() => [...document.images].map((image) => image.naturalWidth))
  expect(await widths).toEqual([1, 1])
}

for (const [name, build] of Object.entries(BUILDS)) {
  // The fixture `faults` fails the test if the policy blocks anything.
  test(`finding V6: a build of ${name} works in app.dir, deep links included`, async ({ page }) => {
    await serving(build, {}, async (url) => {
      for (const path of ['/', '/about', '/reports/2024/summary', '/users/ann@example.com']) {
        await page.goto(`${url}${path}`)
        await expectWhole(page, path)
        await page.reload()
        await expectWhole(page, path)
      }
      if (build['about/index.html']) {
        await page.goto(`${url}/about`)
        await expect(page.locator('#app')).toHaveAttribute('data-page', 'about')
      }
    })
  })
}

test('finding N2: styles that scripts add need one line of configuration', async ({ page }) => {
  await serving(STYLES_AT_RUN_TIME, { CLOAKROOM_APP__CSP__STYLE_SRC: "'unsafe-inline'" }, async (url) => {
    await page.goto(`${url}/users/7`)
    await expectWhole(page, '/users/7')
    await expect(page.getByRole('heading')).toHaveCSS('color', 'rgb(7, 8, 9)')
  })
})

test('our pages stand beside an app, and lead back to it', async ({ page }) => {
  await serving(BUILDS['Vite and Vue'] ?? {}, { CLOAKROOM_APP__PAGES: 'all' }, async (url) => {
    await page.goto(`${url}/`)
    await expectWhole(page, '/')

    // A sign-in ends at the app, or where `next` leads.
    await page.goto(`${url}/login`)
    await submitSignIn(page, { email: 'ada@example.test', password: SAMPLE_PASSWORD })
    await expectWhole(page, '/')
    await page.goto(`${url}/login?next=/reports/2024`)
    await expectWhole(page, '/reports/2024')

    // The account is ours. Its header leads to the app, and Back to the account again.
    await page.goto(`${url}/account`)
    await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
    await page.getByRole('link', { name: 'Cloakroom, home' }).click()
    await expectWhole(page, '/')
    await page.goBack()
    await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
    await page.goto(`${url}/.well-known/change-password`)
    await expect(page).toHaveURL(`${url}/account/password`)
  })
})
