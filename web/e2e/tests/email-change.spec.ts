import {
  expect,
  newAddress,
  otherBrowser,
  SAMPLE_PASSWORD,
  signIn,
  submitSignIn,
  test,
  type Page,
  type Person,
} from '../fixtures'
import { linkIn, mailTo } from '../mail'
import { startServer } from '../server'

const dialog = (page: Page) => page.getByRole('dialog', { name: "Confirm it's you" })

async function askForChange(page: Page, address: string) {
  await page.goto('/account/email')
  await page.getByLabel('New email').fill(address)
  await page.getByRole('button', { name: 'Email me a link' }).click()
}

async function changeTo(page: Page, address: string) {
  await askForChange(page, address)
  await expect(page.getByText(`We sent a link to ${address}.`)).toBeVisible()
  return linkIn(await mailTo(page, address))
}

const confirm = (page: Page) => page.getByRole('button', { name: 'Confirm new email' }).click()

test('who has not proven who they are for a while does so over the page, and the request goes on', async ({ browser }) => {
  // The proof is stale after three seconds instead of ten minutes.
  const server = await startServer({ CLOAKROOM_SESSION__RECENT: '3s' })
  const page = await browser.newPage({ baseURL: server.url })
  const ada: Person = { email: 'ada@example.test', password: SAMPLE_PASSWORD }
  const address = newAddress()
  try {
    await signIn(page, ada)
    await page.waitForTimeout(3_500)
    await askForChange(page, address)
    await expect(dialog(page)).toContainText(ada.email)
    await expect(dialog(page).getByLabel('Password', { exact: true })).toBeFocused()

    await page.keyboard.press('Escape')
    await expect(dialog(page)).toBeHidden()
    await expect(page.getByLabel('New email')).toHaveValue(address)
    await expect(page.getByRole('alert')).toHaveCount(0)

    const sent: string[] = []
    page.on('request', (request) => sent.push(`${new URL(request.url()).pathname} ${request.postData() ?? ''}`))
    await page.getByRole('button', { name: 'Email me a link' }).click()
    await dialog(page).getByLabel('Password', { exact: true }).fill('wrong')
    await dialog(page).getByRole('button', { name: 'Continue' }).click()
    await expect(dialog(page).getByRole('alert')).toContainText('This password is not correct.')
    await dialog(page).getByLabel('Password', { exact: true }).fill(ada.password)
    await dialog(page).getByRole('button', { name: 'Continue' }).click()
    await expect(dialog(page)).toBeHidden()
    await expect(page.getByText(`We sent a link to ${address}.`)).toBeVisible()
    const asked = `/api/email/change/ ${JSON.stringify({ email: address })}`
    expect(sent.filter((request) => request === asked)).toHaveLength(2)
    await mailTo(page, address)
  } finally {
    await page.close()
    await server.stop()
  }
})

test('a new address is confirmed by its link, told to the old one, and undone from there', async ({ page, person }) => {
  const address = newAddress()
  await signIn(page, person)
  await page.getByRole('link', { name: 'Change email' }).click()
  await expect(page.getByText(`Your email address is ${person.email}.`)).toBeVisible()
  const link = await changeTo(page, address)
  await expect(page.getByText(`Until then, your email address is ${person.email}.`)).toBeVisible()
  await page.goto(link)
  await expect(page).toHaveURL('/change-email')
  await confirm(page)
  await expect(page).toHaveURL('/account')
  await expect(page.getByText('Your email has been changed.')).toBeVisible()
  await expect(page.getByText(address)).toBeVisible()
  await page.goto(link)
  await expect(page.getByRole('heading', { name: 'This link no longer works' })).toBeFocused()

  // The old address gets one email at the request and one after the change.
  const owner = await otherBrowser(page, linkIn(await mailTo(page, person.email, 2)))
  await owner.getByRole('button', { name: 'Undo the change' }).click()
  await expect(owner.getByRole('heading', { name: 'The change has been undone' })).toBeFocused()
  await page.goto('/account')
  await expect(page).toHaveURL('/login?next=/account')
  await submitSignIn(page, person)
  await expect(page.getByRole('alert')).toContainText('Email or password is not correct.')
  await owner.goto(linkIn(await mailTo(page, person.email, 3)))
  await owner.getByLabel('New password').fill('a password after all that')
  await owner.getByRole('button', { name: 'Change password' }).click()
  await submitSignIn(owner, { email: person.email, password: 'a password after all that' })
  await expect(owner.getByText(person.email)).toBeVisible()
  await owner.context().close()
})

test('who is signed out signs in first, and the link is still there', async ({ page, person }) => {
  const address = newAddress()
  await signIn(page, person)
  const link = await changeTo(page, address)
  const elsewhere = await otherBrowser(page, link)
  await expect(elsewhere).toHaveURL('/login?next=/change-email')
  await submitSignIn(elsewhere, person)
  await confirm(elsewhere)
  await expect(elsewhere.getByText(address)).toBeVisible()
  await elsewhere.context().close()
})

test('a link of another account says who is signed in, and leads to the right one', async ({ page, person }) => {
  const address = newAddress()
  const grace: Person = { email: 'grace@example.test', password: SAMPLE_PASSWORD }
  await signIn(page, person)
  const link = await changeTo(page, address)
  const elsewhere = await otherBrowser(page, '/login')
  await submitSignIn(elsewhere, grace)
  await expect(elsewhere).toHaveURL('/account')
  await elsewhere.goto(link)
  await confirm(elsewhere)
  await expect(elsewhere.getByText(`You're signed in as ${grace.email}, but this link is for another account.`)).toBeVisible()
  await elsewhere.getByRole('button', { name: 'Sign out and continue' }).click()
  await submitSignIn(elsewhere, person)
  await confirm(elsewhere)
  await expect(elsewhere.getByText(address)).toBeVisible()
  await elsewhere.context().close()
})

test('E05 T14: an address that has an account is told only after its link has been followed', async ({ page, person, browser }) => {
  const address = newAddress()
  await signIn(page, person)
  const link = await changeTo(page, address)
  // Meanwhile somebody signs up with it.
  const newcomer = await browser.newPage({ baseURL: new URL(page.url()).origin })
  await newcomer.goto('/signup')
  await newcomer.getByLabel('Email').fill(address)
  await newcomer.getByLabel('Choose a password').fill(person.password)
  await newcomer.getByRole('button', { name: 'Create account' }).click()
  await newcomer.goto(linkIn(await mailTo(page, address, 2)))
  await newcomer.getByRole('button', { name: 'Confirm email' }).click()
  await expect(newcomer).toHaveURL('/account')
  await newcomer.close()

  await page.goto(link)
  await confirm(page)
  await expect(page.getByRole('heading', { name: 'This address is already in use' })).toBeFocused()
  await page.getByRole('link', { name: 'Change email' }).click()
  await expect(page.getByText(`Your email address is ${person.email}.`)).toBeVisible()
  await askForChange(page, person.email)
  await expect(page.getByRole('alert')).toContainText('This is already your email address.')
})
