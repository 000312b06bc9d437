import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSubmission } from '../../src/form/submission'
import type { Result } from '../../src/index'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Creates a submission whose request ends when the test ends it, or when it is aborted. */
function start(options?: { givesUp: boolean }) {
  const submission = createSubmission(options)
  let finish: (result: Result<string>) => void = () => undefined
  const request = vi.fn((signal: AbortSignal) => {
    const problem = { type: '', title: '', status: 0, code: 'aborted', detail: '', errors: [] } as const
    return new Promise<Result<string>>((resolve) => {
      finish = resolve
      signal.addEventListener('abort', () => resolve({ ok: false, problem: { ...problem, errors: [] } }))
    })
  })
  return { submission, request, finish: () => finish({ ok: true, data: 'done' }) }
}

it('is busy after 150 ms and slow after 8 s, so that quick replies do not flicker', async () => {
  const { submission, request, finish } = start()
  const sent = submission.send(request)
  expect(submission.getSnapshot()).toBe('sent')
  await vi.advanceTimersByTimeAsync(150)
  expect(submission.getSnapshot()).toBe('busy')
  await vi.advanceTimersByTimeAsync(8_000)
  expect(submission.getSnapshot()).toBe('slow')
  finish()
  expect(await sent).toEqual({ ok: true, data: 'done' })
  expect(submission.getSnapshot()).toBe('idle')
})

it('sends once, however often it is pressed', async () => {
  const { submission, request, finish } = start()
  const sent = submission.send(request)
  expect(await submission.send(request)).toBeNull()
  finish()
  await sent
  expect(request).toHaveBeenCalledOnce()
})

it('gives up after 20 s with a problem', async () => {
  const { submission, request } = start()
  const sent = submission.send(request)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(await sent).toMatchObject({ ok: false, problem: { code: 'aborted' } })
})

it('that may wait for somebody does not give up', async () => {
  const { submission, request, finish } = start({ givesUp: false })
  const sent = submission.send(request)
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(submission.getSnapshot()).toBe('busy')
  finish()
  expect(await sent).toEqual({ ok: true, data: 'done' })
})

it('that is cancelled ends without an error, and can be sent again', async () => {
  const { submission, request, finish } = start()
  const sent = submission.send(request)
  submission.cancel()
  expect(await sent).toBeNull()
  expect(submission.getSnapshot()).toBe('idle')
  const again = submission.send(request)
  finish()
  expect(await again).toEqual({ ok: true, data: 'done' })
})
