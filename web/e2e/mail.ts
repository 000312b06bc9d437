/** The emails that the server has sent, from the inbox of `cloakroom dev`. */
import { expect, type Page } from '@playwright/test'

/** An email, as in `GET /api/dev/mail/`. */
export interface Mail {
  id: string
  to: string
  subject: string
  text: string
  html: string
}

/** Returns every email to an address, the newest first. */
export async function mailsTo(page: Page, address: string): Promise<Mail[]> {
  const response = await page.request.get('/api/dev/mail/')
  expect(response.status()).toBe(200)
  const mails = (await response.json()) as Mail[]
  return mails.filter(({ to }) => to.toLowerCase() === address.toLowerCase())
}

/** Waits until an address has got a number of emails, and returns the newest. */
export async function mailTo(page: Page, address: string, count = 1): Promise<Mail> {
  await expect.poll(async () => (await mailsTo(page, address)).length, { message: `mails to ${address}` }).toBe(count)
  const [newest] = await mailsTo(page, address)
  if (!newest) throw new Error('there is no mail')
  return newest
}

/** Returns the link in an email. */
export function linkIn({ text }: Mail): string {
  const link = /https?:\/\/\S+#token=\S+/.exec(text)?.[0]
  if (!link) throw new Error(`no link in: ${text}`)
  return link
}

/** Returns the code in an email. */
export function codeIn({ text }: Mail): string {
  const code = /^\s*(\d{3} ?\d{3})\s*$/m.exec(text)?.[1]
  if (!code) throw new Error(`no code in: ${text}`)
  return code
}
