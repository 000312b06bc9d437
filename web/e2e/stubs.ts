/** Answers that a server gives too rarely to wait for. Only the server's part is made up: the pages are the real ones. */
import type { Page } from '@playwright/test'

/** A reply: a problem by its code, or what went well. */
export type Answer = readonly [status: number, codeOrBody: string | object, more?: object]

/** What Playwright is to send for an answer. */
export function reply(...[status, content, more]: Answer) {
  if (typeof content !== 'string') return { status, json: content }
  return {
    status,
    contentType: 'application/problem+json',
    headers: { 'X-Request-Id': '0192f0c1-7a5e-7c44-8e0b-5d3f6a9b2c10' },
    json: { type: 'about:blank', title: content, status, code: content, detail: content, ...more },
  }
}

/** The next requests to a path of the API are answered so, once for each answer. */
export async function answer(page: Page, path: string, ...answers: Answer[]): Promise<void> {
  for (const next of answers.reverse()) {
    await page.route(`**/api/${path}/`, (route) => route.fulfill(reply(...next)), { times: 1 })
  }
}

/** A mail is on its way, and the next may be asked for in a while. */
export const accepted = (): Answer => [202, { detail: '', resend_at: new Date(Date.now() + 45_000).toISOString() }]
