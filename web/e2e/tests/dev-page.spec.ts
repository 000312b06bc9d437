import { expect, expectAccessible, signIn, test } from '../fixtures'

test('finding U6: the pages of dev lead to mail, people and stand-ins', async ({ page, person }) => {
  await page.goto('/login')
  await page.getByRole('navigation', { name: 'Development' }).getByRole('link').click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Development')
  await expect(page.getByText('ada@example.test')).toBeVisible()
  await expect(page.getByText('correct-horse-battery')).toBeVisible()
  await page.getByRole('link', { name: 'Read what was sent' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Mail')
  await signIn(page, person)
  await expect(page.getByRole('navigation', { name: 'Development' })).toBeVisible()
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [360, 1280]) {
    test(`finding U6: the page of development, ${colorScheme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      await page.goto('/dev')
      await expectAccessible(page)
      await page.goto('/login')
      await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible()
      await expectAccessible(page)
    })
  }
}

test('finding U11: on a phone the reference begins with what it is about', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 })
  await page.goto('/api/docs/')
  await expect(page.getByRole('heading', { level: 1 })).toBeInViewport()
  const link = page.getByRole('navigation').getByRole('link', { name: 'POST /login/', exact: true })
  await expect(link).toBeHidden()
  await page.getByText('Contents', { exact: true }).click()
  await link.click()
  await expect(page.getByRole('heading', { name: 'POST /api/login/' })).toBeInViewport()
  await expectAccessible(page)
})

test('finding U11: on a wide screen the contents stand open', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto('/api/docs/')
  await expect(page.getByRole('navigation').getByRole('link', { name: 'POST /login/', exact: true })).toBeVisible()
  await expectAccessible(page)
})
