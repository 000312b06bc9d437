import type { CallOptions, MailSent, Result } from '@cloakroom/client'
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import ResendMail from '../src/ui/ResendMail.vue'
import { english } from './english'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T10:00:00Z') })
})

afterEach(() => {
  vi.useRealTimers()
})

function open(resendAt: string | null, ...replies: Result<MailSent>[]) {
  return openWith(resendAt, true, () => Promise.resolve(replies.shift() as Result<MailSent>))
}

function openWith(resendAt: string | null, givesUp: boolean, answer: (call: CallOptions) => Promise<Result<MailSent>>) {
  const send = vi.fn(answer)
  const page = mount(ResendMail, {
    props: {
      modelValue: resendAt,
      'onUpdate:modelValue': (modelValue: string | null) => page.setProps({ modelValue }),
      send,
      givesUp,
    },
    global: { plugins: [english()] },
  })
  return { page, send }
}

it('counts down to the instant of the server, then offers another mail and says so', async () => {
  const { page } = open('2026-01-01T10:00:45Z')
  expect(page.text()).toContain('You can request another email in 0:45.')
  expect(page.find('button').exists()).toBe(false)
  await vi.advanceTimersByTimeAsync(46_000)
  expect(page.get('button').text()).toContain('Resend email')
  expect(page.findAll('[role=status]').at(-1)?.text()).toBe('You can request another email now.')
})

it('sends once, and waits for the next instant of the server', async () => {
  const { page, send } = open('2026-01-01T09:59:00Z', { ok: true, data: { detail: '', resend_at: '2026-01-01T10:01:00Z' } })
  await page.get('button').trigger('click')
  await flushPromises()
  expect(send).toHaveBeenCalledOnce()
  expect(page.text()).toContain('We sent another email.')
  expect(page.text()).toContain('in 1:00')
  expect(page.findAll('[role=status]').at(-1)?.text()).toBe('You can request another email in 1 minute.')
})

it('finding U10: a mail that waits for proof of identity is not given up', async () => {
  let signal: AbortSignal | undefined
  const { page } = openWith(null, false, (call) => {
    signal = call.signal
    return new Promise(() => undefined)
  })
  await page.get('button').trigger('click')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(signal?.aborted).toBe(false)
  expect(page.find('[role=alert]').exists()).toBe(false)
})
