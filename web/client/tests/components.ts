/** The behaviour of the components, which every kit has. Each kit runs it with its own way to put a component on a page. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { german } from '../src/kit'
import { person, problem, Server } from './server'

/** A component, and what it gets. */
export interface Mounted {
  server: Server
  component: 'SignIn' | 'SignUp' | 'UserMenu' | 'RequireRecent'
  props: Record<string, unknown>
  /** Texts for slots. */
  slots: Record<string, string>
}

/** Puts a component on a page, into `document.body`. Returns the function that takes it away. */
export type Mount = (mounted: Mounted) => () => void

const ada = person('ada@example.test')
const $ = <E extends HTMLElement = HTMLElement>(selector: string): E => {
  const found = document.querySelector<E>(selector)
  if (!found) throw new Error(`no ${selector} in ${document.body.innerHTML}`)
  return found
}
const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)]
const texts = (selector: string) => all(selector).map(({ textContent }) => textContent.trim())
const soon = <T>(assertion: () => T) => vi.waitFor(assertion, { timeout: 2_000, interval: 5 })
const email = () => $<HTMLInputElement>('input[type=email]')
const password = () => $<HTMLInputElement>('[data-field=password] input')
const submit = () => $('button[type=submit]').click()

function type(input: HTMLInputElement, value: string) {
  input.value = value
  input.dispatchEvent(new Event('input', { bubbles: true }))
}

function press(element: HTMLElement, key: string) {
  element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
}

/** Describes the components of a kit. */
export function describeComponents(kit: string, mount: Mount): void {
  let server: Server
  let unmount: () => void

  /** Puts a component on the page, and waits until it is there. */
  async function open(component: Mounted['component'], props: Mounted['props'] = {}, slots: Mounted['slots'] = {}) {
    unmount = mount({ server, component, props, slots })
    await soon(() => expect(server.asked).toContain('GET /api/session/'))
  }

  beforeEach(() => {
    server = new Server()
    unmount = () => {}
  })

  afterEach(() => {
    unmount()
    localStorage.clear()
    document.body.innerHTML = ''
  })

  describe(`<SignIn> of ${kit}`, () => describeSignIn(() => server, open))
  describe(`<SignUp> of ${kit}`, () => describeSignUp(() => server, open))
  describe(`<UserMenu> of ${kit}`, () => describeUserMenu(() => server, open))
  describe(`<RequireRecent> of ${kit}`, () => describeRequireRecent(() => server, open))
}

type Open = (component: Mounted['component'], props?: Mounted['props'], slots?: Mounted['slots']) => Promise<void>

function describeSignIn(server: () => Server, open: Open) {
  it('tells browsers and password managers what its fields are', async () => {
    await open('SignIn')
    expect($('form').getAttribute('method')).toBe('post')
    expect(email().getAttribute('autocomplete')).toBe('username webauthn')
    expect(email().getAttribute('autocapitalize')).toBe('none')
    expect(password().getAttribute('autocomplete')).toBe('current-password')
    expect(password().hasAttribute('maxlength')).toBe(false)
    expect($(`label[for="${email().id}"]`).textContent).toBe('Email')
    expect(texts('a')).toContain('Forgot password?')
  })

  it('finds on submit what is missing, and leads to it', async () => {
    await open('SignIn')
    submit()
    await soon(() => expect(document.activeElement?.getAttribute('role')).toBe('alert'))
    expect(texts('[role=alert] a')).toEqual(['Email', 'Password'])
    expect(texts('.cloakroom-error')).toEqual(['Error: Enter your email address.', 'Error: Enter your password.'])
    $('[role=alert] a').click()
    expect(document.activeElement).toBe(email())
    expect(server().asked).not.toContain('POST /api/login/')
    type(email(), 'ada@example.test')
    await soon(() => expect(texts('.cloakroom-error')).toEqual(['Error: Enter your password.']))
  })

  it('finding U5: tells a wrong password once, at its field', async () => {
    const onFailed = vi.fn()
    await open('SignIn', { onFailed })
    type(email(), 'ada@example.test')
    type(password(), 'wrong')
    submit()
    await soon(() => expect(texts('[role=alert]')).toEqual(['Error: Email or password is not correct.']))
    expect(document.activeElement).toBe(password())
    expect([email().value, password().value]).toEqual(['ada@example.test', ''])
    for (const field of [email(), password()]) {
      expect(field.getAttribute('aria-invalid')).toBe('true')
      expect(field.getAttribute('aria-describedby')).toBe($('[role=alert]').id)
    }
    expect(onFailed.mock.calls).toEqual([[true]])
  })

  it('signs in, and tells it', async () => {
    const onSignedIn = vi.fn()
    localStorage.setItem('cloakroom.last-provider', 'github')
    await open('SignIn', { onSignedIn })
    type(email(), ' ada@example.test ')
    type(password(), 'right')
    submit()
    await soon(() => expect(onSignedIn).toHaveBeenCalledOnce())
    expect(onSignedIn.mock.calls[0]?.[0]).toMatchObject({ next: 'done', user: { email: 'ada@example.test' } })
    expect(server().bodies['POST /api/login/']).toEqual({ email: 'ada@example.test', password: 'right' })
    expect(localStorage.getItem('cloakroom.last-provider')).toBeNull()
  })

  it('finding N13: reads fields that a password manager has filled in without an event', async () => {
    const onSignedIn = vi.fn()
    await open('SignIn', { onSignedIn })
    email().value = 'ada@example.test'
    password().value = 'right'
    $('.cloakroom-toggle').click()
    await soon(() => expect(password().type).toBe('text'))
    expect(password().value).toBe('right')
    submit()
    await soon(() => expect(onSignedIn).toHaveBeenCalledOnce())
    expect(password().type).toBe('password')
  })

  it('tells when one more step is needed', async () => {
    server().replies['POST /api/login/'] = () => Response.json({ detail: 'Success', next: 'second_factor', user: null })
    const onNeeds = vi.fn()
    const onSignedIn = vi.fn()
    await open('SignIn', { onNeeds, onSignedIn, email: 'ada@example.test' })
    expect(email().value).toBe('ada@example.test')
    type(password(), 'right')
    submit()
    await soon(() => expect(onNeeds).toHaveBeenCalledWith(expect.objectContaining({ next: 'second_factor' })))
    expect($('.cloakroom-notice').textContent).toBe('One more step is needed to sign in.')
    expect(onSignedIn).not.toHaveBeenCalled()
  })

  it('counts down after too many attempts, for screen readers in words', async () => {
    const retry_at = new Date(Date.now() + 89_500).toISOString()
    server().replies['POST /api/login/'] = () => problem(429, 'rate_limited', { retry_at })
    await open('SignIn')
    type(email(), 'ada@example.test')
    type(password(), 'right')
    submit()
    await soon(() => expect($('[role=alert] [aria-hidden]').textContent).toMatch(/^Too many attempts\. Try again in 1:\d\d\.$/))
    expect($('[role=alert]').textContent).toContain('Try again in 2 minutes.')
    expect(password().value).toBe('right')
  })

  it('tells an error above the form when it is about no field, with the id to quote', async () => {
    server().replies['POST /api/login/'] = () => problem(500, 'internal', { request_id: 'request-7' })
    await open('SignIn')
    type(email(), 'ada@example.test')
    type(password(), 'right')
    submit()
    await soon(() => expect(document.activeElement).toBe($('.cloakroom-errors')))
    expect(texts('.cloakroom-errors code')).toEqual(['request-7'])
  })

  it('shows the password, and says while Caps Lock is on', async () => {
    await open('SignIn')
    const toggle = $('.cloakroom-toggle')
    expect(toggle.getAttribute('aria-controls')).toBe(password().id)
    toggle.click()
    await soon(() => expect(toggle.getAttribute('aria-label')).toBe('Hide password'))
    expect(texts('[role=status]')).toContain('Your password is visible.')
    const type = (on: boolean) => {
      const event = new KeyboardEvent('keydown', { key: 'a', bubbles: true })
      Object.assign(event, { getModifierState: () => on })
      password().dispatchEvent(event)
    }
    type(true)
    await soon(() => expect($('.cloakroom-caps-lock').textContent).toBe('Caps Lock is on.'))
    type(false)
    await soon(() => expect($('.cloakroom-caps-lock').textContent).toBe(''))
  })

  it('offers the providers of the server, marks the last one, and forgets it when asked', async () => {
    server().config.providers = [{ id: 'github', name: 'GitHub' }, { id: 'google', name: 'Google' }]
    server().replies['POST /api/social/google/start/'] = () => problem(503, 'provider_unreachable')
    localStorage.setItem('cloakroom.last-provider', 'google')
    await open('SignIn', { next: '/reports' }, { mark: '★' })
    await soon(() => expect(texts('.cloakroom-providers li')).toEqual(['★Continue with GitHub', '★Continue with Google Last used']))
    $('.cloakroom-providers > button').click()
    await soon(() => expect(texts('.cloakroom-providers li')[1]).toBe('★Continue with Google'))
    $('.cloakroom-providers li:last-child button').click()
    await soon(() => expect(texts('[role=alert]')[0]).toContain("The provider isn't responding."))
    expect(server().bodies['POST /api/social/google/start/']).toEqual({ intent: 'login', return_to: '/reports' })
  })

  it('is for one account alone where it is told so', async () => {
    const onSignedIn = vi.fn()
    await open('SignIn', { account: 'ada@example.test', onSignedIn })
    expect(email().hidden).toBe(true)
    expect(email().value).toBe('ada@example.test')
    type(password(), 'right')
    submit()
    await soon(() => expect(onSignedIn).toHaveBeenCalledOnce())
    expect(server().bodies['POST /api/login/']).toMatchObject({ email: 'ada@example.test' })
  })

  it('leads to a new account only where signup is open', async () => {
    await open('SignIn')
    await soon(() => expect(texts('.cloakroom-below a')).toEqual(['Create account']))
  })

  it('leads nowhere while signup is closed', async () => {
    server().config.signup.mode = 'closed'
    server().config.providers = [{ id: 'github', name: 'GitHub' }]
    await open('SignIn')
    await soon(() => expect(all('.cloakroom-providers')).toHaveLength(1))
    expect(all('.cloakroom-below')).toEqual([])
  })

  it('speaks German, or what it is told', async () => {
    await open('SignIn', { messages: { ...german, 'sign_in.submit': 'Hinein zu {app}' } }, { forgot: 'Oh nein' })
    await soon(() => expect($('button[type=submit]').textContent).toBe('Hinein zu Acme'))
    expect($(`label[for="${password().id}"]`).textContent).toBe('Passwort')
    expect($('[data-field=password] .cloakroom-aside').textContent).toBe('Oh nein')
  })

  it('says before anybody types when the browser keeps no cookies', async () => {
    server().replies['GET /api/login-set-cookie/'] = () => {
      document.cookie = 'csrftoken=; max-age=0'
      return Response.json({ detail: 'set' })
    }
    await open('SignIn')
    await soon(() => expect($('.cloakroom-notice').textContent).toContain('Your browser is blocking cookies'))
  })
}

function describeSignUp(server: () => Server, open: Open) {
  const resend_at = '2020-01-01T00:00:00Z'

  async function fillIn(address: string, secret: string) {
    type(email(), address)
    type(password(), secret)
    submit()
    await Promise.resolve()
  }

  it('tells the rules of the password first, and holds to them', async () => {
    await open('SignUp')
    await soon(() => expect($('.cloakroom-hint').textContent).toBe("At least 10 characters. Don't reuse a password from another site."))
    expect(password().getAttribute('autocomplete')).toBe('new-password')
    await fillIn('ada@example.test', 'short')
    await soon(() => expect(texts('.cloakroom-error')).toEqual(['Error: Use at least 10 characters.']))
    expect(server().asked).not.toContain('POST /api/signup/')
  })

  it('goes on to the code of the email, which signs in', async () => {
    server().replies['POST /api/signup/'] = () => Response.json({ detail: 'sent', resend_at })
    server().replies['POST /api/email/verify/'] = ({ code }) =>
      code === '123456' ? Response.json({ detail: 'Success', next: 'done', user: ada }) : problem(400, 'invalid_code')
    const onSent = vi.fn()
    const onSignedIn = vi.fn()
    await open('SignUp', { onSent, onSignedIn })
    await fillIn('ada@example.test', 'a long password')
    await soon(() => expect(document.activeElement?.textContent).toContain('We sent an email to ada@example.test.'))
    expect(onSent).toHaveBeenCalledWith({ email: 'ada@example.test', password: 'a long password', resend_at })
    const code = () => $<HTMLInputElement>('[data-field=code] input')
    expect(code().getAttribute('autocomplete')).toBe('one-time-code')
    type(code(), '000000')
    submit()
    await soon(() => expect(texts('.cloakroom-error')[0]).toContain('This code is not correct'))
    type(code(), '123 456')
    submit()
    await soon(() => expect(onSignedIn).toHaveBeenCalledOnce())
    expect(server().bodies['POST /api/email/verify/']).toEqual({ email: 'ada@example.test', code: '123456' })
  })

  it('sends the email again, and goes back to another address', async () => {
    server().replies['POST /api/signup/'] = () => Response.json({ detail: 'sent', resend_at })
    server().replies['POST /api/signup/resend/'] = () => Response.json({ detail: 'sent', resend_at: new Date(Date.now() + 60_000).toISOString() })
    await open('SignUp')
    await fillIn('ada@example.test', 'a long password')
    await soon(() => $('.cloakroom-resend button').click())
    await soon(() => expect($('.cloakroom-resend').textContent).toMatch(/We sent another email\..*in (1:00|0:59)\.$/))
    const [other] = all('button').filter(({ textContent }) => textContent === 'Use a different address')
    other?.click()
    await soon(() => expect(email().value).toBe('ada@example.test'))
  })

  it('leaves the code to another page', async () => {
    server().replies['POST /api/signup/'] = () => Response.json({ detail: 'sent', resend_at })
    const onSent = vi.fn()
    await open('SignUp', { onSent, asksForCode: false })
    await fillIn('ada@example.test', 'a long password')
    await soon(() => expect(onSent).toHaveBeenCalledOnce())
    expect(all('[data-field=code]')).toEqual([])
  })

  it('asks about an address that looks mistyped, and refuses none', async () => {
    await open('SignUp')
    type(email(), 'ada@gmial.com')
    email().focus()
    email().blur()
    await soon(() => expect($('.cloakroom-suggestion').textContent).toBe('Did you mean ada@gmail.com?'))
    $('.cloakroom-suggestion button').click()
    expect(email().value).toBe('ada@gmail.com')
  })

  it('says that signup is closed', async () => {
    server().replies['POST /api/signup/'] = () => problem(403, 'signup_closed')
    const onClosed = vi.fn()
    await open('SignUp', { onClosed }, { terms: 'The terms' })
    expect($('form').textContent).toContain('The terms')
    await fillIn('ada@example.test', 'a long password')
    await soon(() => expect($('.cloakroom-closed').textContent).toContain("Acme isn't accepting new accounts"))
    expect(onClosed).toHaveBeenCalledOnce()
  })
}

function describeUserMenu(server: () => Server, open: Open) {
  it('leads who is signed out to the sign-in page', async () => {
    await open('UserMenu')
    await soon(() => expect(texts('a')).toEqual(['Sign in']))
  })

  it('opens for who is signed in, moves by arrow keys, and closes by Escape with the focus where it was', async () => {
    server().user = ada
    await open('UserMenu')
    const button = await soon(() => $('button[aria-haspopup=menu]'))
    expect(button.textContent).toBe('ada@example.test')
    expect(button.getAttribute('aria-label')).toBe('Account menu, ada@example.test')
    expect(all('[role=menu]')).toEqual([])
    press(button, 'ArrowDown')
    await soon(() => expect(document.activeElement?.textContent).toBe('Account'))
    expect(button.getAttribute('aria-expanded')).toBe('true')
    expect($('.cloakroom-popup').textContent).toContain('Signed in as ada@example.test')
    press($('[role=menuitem]'), 'ArrowDown')
    expect(document.activeElement?.textContent).toBe('Sign out')
    press($('[role=menuitem]'), 'a')
    expect(document.activeElement?.textContent).toBe('Account')
    press($('[role=menuitem]'), 'Escape')
    await soon(() => expect(all('[role=menu]')).toEqual([]))
    expect(document.activeElement).toBe(button)
  })

  it('closes when somebody presses elsewhere', async () => {
    server().user = ada
    await open('UserMenu', {}, { items: 'More', label: 'Me' })
    const button = await soon(() => $('button[aria-haspopup=menu]'))
    expect(button.textContent).toBe('Me')
    button.click()
    await soon(() => expect($('[role=menu]').textContent).toBe('MoreSign out'))
    document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }))
    await soon(() => expect(all('[role=menu]')).toEqual([]))
  })

  it('signs out, and tells when that fails', async () => {
    server().user = ada
    await open('UserMenu')
    await soon(() => $('button[aria-haspopup=menu]').click())
    server().unavailable = true
    await soon(() => $('button[role=menuitem]').click())
    await soon(() => expect(texts('[role=alert]')[0]).toContain('is temporarily unavailable.'))
    server().unavailable = false
    $('button[role=menuitem]').click()
    await soon(() => expect(texts('a')).toEqual(['Sign in']))
  })
}

function describeRequireRecent(server: () => Server, open: Open) {
  let proven: boolean

  beforeEach(() => {
    proven = false
    server().user = ada
    server().replies['POST /api/email/change/'] = () =>
      proven ? Response.json({ detail: 'sent', resend_at: null }) : problem(403, 'reauthentication_required')
    server().replies['POST /api/reauthenticate/'] = (body) => {
      proven = body.password === 'right'
      return proven ? Response.json({ detail: 'Success', next: 'done', user: ada }) : problem(400, 'invalid_credentials')
    }
  })

  const isOpen = () => $<HTMLDialogElement>('dialog').open

  it('asks while a request waits, and lets it go on after the right password', async () => {
    await open('RequireRecent', {}, { default: 'The page' })
    expect(document.body.textContent).toContain('The page')
    expect(isOpen()).toBe(false)
    const change = server().clients[0]?.changeEmail('new@example.test')
    await soon(() => expect(isOpen()).toBe(true))
    await soon(() => expect(document.activeElement).toBe(password()))
    expect(texts('h2')).toEqual(["Confirm it's you"])
    expect($('dialog').textContent).toContain('ada@example.test')
    expect($<HTMLInputElement>('dialog input[type=email]').value).toBe('ada@example.test')
    type(password(), 'wrong')
    submit()
    await soon(() => expect(texts('[role=alert]')).toEqual(['Error: This password is not correct.']))
    type(password(), 'right')
    submit()
    expect(await change).toMatchObject({ ok: true })
    await soon(() => expect(isOpen()).toBe(false))
  })

  it('gives the request up when it is cancelled', async () => {
    await open('RequireRecent')
    const change = server().clients[0]?.changeEmail('new@example.test')
    await soon(() => expect(isOpen()).toBe(true))
    $('dialog').dispatchEvent(new Event('cancel', { cancelable: true }))
    expect(await change).toMatchObject({ ok: false, problem: { code: 'reauthentication_required' } })
    await soon(() => expect(isOpen()).toBe(false))
  })

  it('leads to a provider where there is no password', async () => {
    server().user = { ...ada, has_password: false }
    server().config.providers = [{ id: 'github', name: 'GitHub' }]
    server().replies['GET /api/social/'] = () => Response.json({ identities: [{ id: '1', provider: 'github', label: 'ada' }], providers: [] })
    await open('RequireRecent')
    const change = server().clients[0]?.changeEmail('new@example.test')
    await soon(() => expect(texts('dialog a')).toEqual(['Continue with GitHub']))
    expect($('dialog a').getAttribute('href')).toBe('/auth/github/prove')
    await soon(() => expect(document.activeElement).toBe($('dialog a')))
    const [cancel] = all('dialog button')
    cancel?.click()
    expect(await change).toMatchObject({ ok: false })
  })
}
