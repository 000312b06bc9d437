import { afterEach, describe, expect, it, vi } from 'vitest'
import { joinTabs } from '../../src/session/tabs'

afterEach(() => {
  vi.unstubAllGlobals()
  localStorage.clear()
})

describe('a browser without BroadcastChannel', () => {
  it('hears other tabs by storage events, and leaves nothing behind', () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    const setItem = vi.spyOn(Storage.prototype, 'setItem')
    const hear = vi.fn()
    const tabs = joinTabs(hear)
    tabs.tell('signed-out')
    expect(setItem).toHaveBeenCalledWith('cloakroom.message', 'signed-out')
    expect(localStorage.length).toBe(0)
    window.dispatchEvent(new StorageEvent('storage', { key: 'cloakroom.message', newValue: 'signed-out' }))
    window.dispatchEvent(new StorageEvent('storage', { key: 'cloakroom.message', newValue: null }))
    expect(hear.mock.calls).toEqual([['signed-out']])
    tabs.close()
  })
})

it('ignores what is no message of ours', async () => {
  const hear = vi.fn()
  const tabs = joinTabs(hear)
  const stranger = new BroadcastChannel('cloakroom')
  stranger.postMessage({ type: 'signed-in' })
  stranger.postMessage('signed-in')
  await vi.waitFor(() => expect(hear).toHaveBeenCalled())
  expect(hear.mock.calls).toEqual([['signed-in']])
  stranger.close()
  tabs.close()
})
