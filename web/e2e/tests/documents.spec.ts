import { readFileSync } from 'node:fs'
import { expect, test } from '../fixtures'

const guide = readFileSync(new URL('../../../docs/guides/frontends.md', import.meta.url), 'utf8')
const snippet = /```js\n(.*?)```/s.exec(guide)?.[1] ?? ''

test('the plain fetch of the guide signs in and out, and reads the token anew each time', async ({ page, person }) => {
  await page.goto('/healthz')
  const call = (method: string, path: string, body?: unknown) =>
    page.evaluate(
      async ([source, ...request]) => {
        const made = new Function(`${source}; return call`)() as (...request: unknown[]) => Promise<unknown>
        return made(...request).catch((error: unknown) => ({ failed: Reflect.get(error as object, 'code') as unknown }))
      },
      [snippet, method, path, body] as const,
    )
  expect(await call('GET', '/api/session/')).toMatchObject({ state: 'anonymous', user: null })
  await page.context().clearCookies()
  const wrong = { ...person, password: 'not this one' }
  expect(await call('POST', '/api/login/', wrong)).toEqual({ failed: 'invalid_credentials' })
  expect(await call('POST', '/api/login/', person)).toMatchObject({ detail: 'Success' })
  expect(await call('GET', '/api/session/')).toMatchObject({ state: 'authenticated', user: { email: person.email } })
  expect(await call('POST', '/api/logout/')).toMatchObject({ detail: 'Logout Successful' })
  expect(await call('POST', '/api/login/', person)).toMatchObject({ detail: 'Success' })
})

test('finding N5: the plain fetch of the guide tries once more with the token of its refusal', async ({ page, person }) => {
  await page.goto('/healthz')
  const login = () =>
    page.evaluate(
      async ([source, credentials]) => {
        const call = new Function(`${source}; return call`)() as (...request: unknown[]) => Promise<unknown>
        return call('POST', '/api/login/', credentials).catch((error: unknown) => ({ failed: Reflect.get(error as object, 'code') as unknown }))
      },
      [snippet, person] as const,
    )
  // A tab has an old token when another tab has signed out meanwhile.
  await page.context().addCookies([{ name: 'csrftoken', value: 'stale', url: page.url() }])
  const asked: number[] = []
  page.on('response', (response) => asked.push(response.status()))
  expect(await login()).toMatchObject({ detail: 'Success' })
  expect(asked).toEqual([403, 200])
})
