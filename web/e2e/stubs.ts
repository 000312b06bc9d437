/** Stubs for answers that a server gives too rarely to wait for. The pages are the real ones. */
import type { Page } from '@playwright/test'

/** An answer: a problem by its code, or the body of a success. */
export type Answer = readonly [status: number, codeOrBody: string | object, more?: object]

/** Converts an answer to the reply that Playwright sends. */
export function reply(...[status, content, more]: Answer) {
  if (typeof content !== 'string') return { status, json: content }
  return {
    status,
    contentType: 'application/problem+json',
    headers: { 'X-Request-Id': '0192f0c1-7a5e-7c44-8e0b-5d3f6a9b2c10' },
    json: { type: 'about:blank', title: content, status, code: content, detail: content, ...more },
  }
}

/** Gives one of the answers to each of the next requests to a path of the API. */
export async function answer(page: Page, path: string, ...answers: Answer[]): Promise<void> {
  for (const next of answers.reverse()) {
    await page.route(`**/api/${path}/`, (route) => route.fulfill(reply(...next)), { times: 1 })
  }
}

/** Returns the answer that an email was sent and that another may be requested later. */
export const accepted = (): Answer => [202, { detail: '', resend_at: new Date(Date.now() + 45_000).toISOString() }]
