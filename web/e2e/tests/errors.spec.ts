import { expect, newAddress, signIn, signUp, submitSignIn, test, type Page } from '../fixtures'
import { everyLook } from '../looks'
import { answer } from '../stubs'

const height = (page: Page) => page.evaluate(() => document.querySelector('main .panel')?.getBoundingClientRect().height ?? 0)

for (const look of everyLook) {
  test.describe(`${look.colorScheme}, ${look.viewport.width} px`, () => {
    test.use(look)

    test('finding U5: a wrong password is told once, and the page hardly grows', async ({ page }) => {
      await page.goto('/login')
      await expect(page.getByLabel('Email')).toBeVisible()
      const before = await height(page)
      await submitSignIn(page, { email: 'nobody@example.test', password: 'wrong' })
      const error = page.getByText('Email or password is not correct.')
      await expect(error).toHaveCount(1)
      await expect(page.getByRole('alert')).toHaveCount(1)
      await expect(page.getByLabel('Password', { exact: true })).toBeFocused()
      expect((await height(page)) - before).toBeLessThan(60)
    })
  })
}

test('finding U5: a problem that is about no field is told once, above the form', async ({ page }) => {
  await answer(page, 'login', [503, 'unavailable'])
  await page.goto('/login')
  await submitSignIn(page, { email: 'nobody@example.test', password: 'typed' })
  await expect(page.getByRole('alert')).toBeFocused()
  await expect(page.getByRole('alert')).toHaveCount(1)
  await expect(page.locator('[aria-invalid=true]')).toHaveCount(0)
})

test('finding U5: two wrong fields are listed above the form, and told once each', async ({ page }) => {
  await page.goto('/signup')
  await page.getByRole('button', { name: 'Create account' }).click()
  const summary = page.getByRole('alert')
  await expect(summary).toBeFocused()
  await expect(summary.getByRole('link')).toHaveCount(2)
  await expect(page.getByText('Enter your email address.')).toHaveCount(1)
  await summary.getByRole('link').first().press('Enter')
  await expect(page.getByLabel('Email')).toBeFocused()
  await page.getByLabel('Email').fill(newAddress())
  await expect(page.getByRole('alert').getByRole('link')).toHaveCount(0)
  await expect(page.getByRole('alert')).toHaveCount(1)
})

/** Fills a field as some password managers do: without an event. */
async function fillSilently(page: Page, label: string | RegExp, value: string) {
  await page.getByLabel(label, { exact: true }).evaluate((input, text) => ((input as HTMLInputElement).value = text), value)
}

test('finding N13: fields that were filled without an event are read at submit', async ({ page, person }) => {
  await page.goto('/login')
  await fillSilently(page, 'Email', person.email)
  await fillSilently(page, 'Password', person.password)
  await page.getByRole('button', { name: 'Show password' }).click()
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible()
})

test('finding N13: so they are when somebody signs up, enters a code, or changes a password', async ({ page, person }) => {
  const email = newAddress()
  await page.goto('/signup')
  await fillSilently(page, 'Email', email)
  await fillSilently(page, /^Choose a password|^Password$/, 'a password of their own')
  await page.getByRole('button', { name: 'Create account' }).click()
  await expect(page).toHaveURL('/check-email')
  await signUp(page, newAddress())
  await page.locator('input[name=code]').evaluate((input) => ((input as HTMLInputElement).value = '123'))
  await page.locator('main form button[type=submit]').first().click()
  await expect(page.getByRole('alert')).toContainText('6 digits')
  await signIn(page, person)
  await page.goto('/account/password')
  await fillSilently(page, 'Current password', person.password)
  await fillSilently(page, 'New password', 'another password of theirs')
  await page.locator('main form button[type=submit]').click()
  await expect(page).toHaveURL('/account')
})
