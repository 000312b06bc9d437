/** What people read in their mailboxes: the mail that the server has sent, by the API of `cloakroom dev`. */
import { expect, type Page } from '@playwright/test'

/** A mail as `GET /api/dev/mail/` gives it. */
export interface Mail {
  id: string
  to: string
  subject: string
  text: string
  html: string
}

/** Every mail to an address, the newest first. */
export async function mailsTo(page: Page, address: string): Promise<Mail[]> {
  const response = await page.request.get('/api/dev/mail/')
  expect(response.status()).toBe(200)
  const mails = (await response.json()) as Mail[]
  return mails.filter(({ to }) => to.toLowerCase() === address.toLowerCase())
}

/** The newest mail to an address, once there are as many as there should be. */
export async function mailTo(page: Page, address: string, count = 1): Promise<Mail> {
  await expect.poll(async () => (await mailsTo(page, address)).length, { message: `mails to ${address}` }).toBe(count)
  const [newest] = await mailsTo(page, address)
  if (!newest) throw new Error('there is no mail')
  return newest
}

/** The link in a mail. */
export function linkIn({ text }: Mail): string {
  const link = /https?:\/\/\S+#token=\S+/.exec(text)?.[0]
  if (!link) throw new Error(`no link in: ${text}`)
  return link
}

/** The code in a mail. */
export function codeIn({ text }: Mail): string {
  const code = /^\s*(\d{3} ?\d{3})\s*$/m.exec(text)?.[1]
  if (!code) throw new Error(`no code in: ${text}`)
  return code
}
