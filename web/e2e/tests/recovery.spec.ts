import { expect, newAddress, openSection, signIn, test, type Page } from '../fixtures'
import { linkIn, mailTo } from '../mail'
import { be, continueWith } from '../provider'
import { answer } from '../stubs'

const chosen = 'a password of their own'

const identity = (id: string, provider: string, label: string, kept: boolean) => ({
  id,
  provider,
  label,
  linked_at: '2026-10-02T10:00:00Z',
  kept,
})

/** Opens a reset with two linked accounts. Returns a function that tells what the page has sent. */
async function openReset(page: Page): Promise<() => unknown> {
  const identities = [identity('1', 'github', 'octo-ann', true), identity('2', 'google', 'evil@example.test', false)]
  let sent: unknown = null
  await page.goto('/login')
  await answer(page, 'password/reset/check', [200, { email: 'ann@example.test', identities }])
  await page.route('**/api/password/reset/confirm/', (route) => {
    sent = route.request().postDataJSON()
    return route.fulfill({ json: { detail: '' } })
  })
  await page.goto('/reset-password#token=abc')
  await page.getByLabel('New password').fill(chosen)
  return () => sent
}

test('finding S1: the page of a reset shows which linked accounts stay, and lets its owner choose', async ({ page }) => {
  const sent = await openReset(page)
  const linked = page.getByRole('group', { name: 'Linked accounts' })
  const github = linked.getByLabel('Keep GitHub, octo-ann')
  const google = linked.getByLabel('Keep Google, evil@example.test')
  await expect(github).toBeChecked()
  await expect(google).not.toBeChecked()
  await expect(linked).toContainText('linked on 2 October 2026')
  await google.check()
  await github.uncheck()
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page).toHaveURL('/login')
  expect(sent()).toEqual({ token: 'abc', password: chosen, keep_identities: ['2'] })
})

test('finding S1: who chooses nothing leaves it to the rule', async ({ page }) => {
  const sent = await openReset(page)
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page).toHaveURL('/login')
  expect(sent()).toEqual({ token: 'abc', password: chosen })
})

test('finding S1: what an intruder has linked is not kept, and its owner reads so in the mail', async ({ page, person }) => {
  await signIn(page, person)
  await openSection(page, 'Linked accounts')
  await page.getByRole('button', { name: 'Link GitHub' }).click()
  await be(page, 'GitHub', { email: newAddress() })
  await expect(page.getByRole('button', { name: /^Unlink GitHub/ })).toBeVisible()
  await page.goto('/forgot-password')
  await page.getByLabel('Email').fill(person.email)
  await page.getByRole('button', { name: 'Email me a link' }).click()
  await page.goto(linkIn(await mailTo(page, person.email, 2)))
  await expect(page.getByRole('group', { name: 'Linked accounts' }).getByRole('checkbox')).not.toBeChecked()
  await page.getByLabel('New password').fill(chosen)
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page).toHaveURL('/login')
  expect((await mailTo(page, person.email, 3)).text).toContain('These linked accounts were removed.')
})

test('finding U8: a first password is set at once, and without it the only way in cannot be unlinked', async ({ page }) => {
  const email = newAddress()
  await continueWith(page, 'GitHub', { email })
  await openSection(page, 'Linked accounts')
  await expect(page.getByText('This is your only way to sign in. To unlink it, set a password first.')).toBeVisible()
  await expect(page.getByRole('button', { name: /^Unlink/ })).toHaveCount(0)
  await page.getByRole('main').getByRole('link', { name: 'Set a password' }).last().click()
  await expect(page.getByRole('heading', { name: 'Set a password' })).toBeFocused()
  await page.getByLabel('Choose a password').fill('short')
  await page.getByRole('button', { name: 'Set a password' }).click()
  await expect(page.getByRole('alert')).toContainText('Use at least 10 characters.')
  await page.getByLabel('Choose a password').fill(chosen)
  await page.getByRole('button', { name: 'Set a password' }).click()
  await expect(page).toHaveURL('/account')
  await expect(page.getByText('Your password is set. You can now use it to sign in.')).toBeVisible()
  await openSection(page, 'Linked accounts')
  await expect(page.getByRole('button', { name: /^Unlink GitHub/ })).toBeVisible()
  expect((await mailTo(page, email)).subject).toBe('A password was set for your Cloakroom account')
})

test('finding U8: the pages of a change of address name both addresses and lead on', async ({ page, person }) => {
  const address = newAddress()
  await signIn(page, person)
  await page.goto('/account/email')
  await page.getByLabel('New email').fill(address)
  await page.getByRole('button', { name: 'Email me a link' }).click()
  await page.goto(linkIn(await mailTo(page, address)))
  await expect(page.getByText(`${address} will replace ${person.email} as the email address of your account.`)).toBeVisible()
  await page.goto(linkIn(await mailTo(page, person.email)))
  await expect(page.getByText(`This changes the email address of your account from ${address} back to ${person.email}.`)).toBeVisible()
  await page.getByRole('button', { name: 'Undo the change' }).click()
  await expect(page.getByText(`We sent a link to ${person.email}.`)).toBeVisible()
  await page.getByRole('link', { name: 'Email me a new link' }).click()
  await expect(page).toHaveURL('/forgot-password')
  await expect(page.getByLabel('Email')).toHaveValue(person.email)
})
