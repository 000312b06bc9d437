import { beforeEach, expect, it, vi } from 'vitest'
import { readStored, writeStored } from '../../src/session/storage'

beforeEach(() => {
  localStorage.clear()
})

it('keeps a value in this browser, and removes it', () => {
  writeStored('colour', 'green')
  expect(localStorage.getItem('colour')).toBe('green')
  expect(readStored('colour')).toBe('green')
  writeStored('colour', null)
  expect(readStored('colour')).toBeNull()
  expect(localStorage.length).toBe(0)
})

it('keeps a value as long as the page where the browser refuses storage', () => {
  const refuse = () => {
    throw new DOMException('refused', 'SecurityError')
  }
  for (const method of ['getItem', 'setItem', 'removeItem'] as const) {
    vi.spyOn(Storage.prototype, method).mockImplementation(refuse)
  }
  writeStored('colour', 'green')
  expect(readStored('colour')).toBe('green')
  writeStored('colour', null)
  expect(readStored('colour')).toBeNull()
})
