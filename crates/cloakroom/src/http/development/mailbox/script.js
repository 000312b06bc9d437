// The inbox of `cloakroom dev`: asks for mails each second, shows the newest until another one is chosen.
'use strict'

const PERIOD = 1000
const $ = (id) => document.getElementById(id)
// Six digits on a line of their own, and the address of the one button.
const CODE = /^\d{6}$/m
const LINK = /^https?:\/\/\S+$/m

let mails = null
let etag = ''
/** The mail that somebody chose; without one, the newest is shown. */
let chosen = location.hash.slice(1)

// The choice of the pages holds here too.
const dark = matchMedia('(prefers-color-scheme: dark)')
function applyTheme() {
  let theme = null
  try {
    theme = localStorage.getItem('cloakroom.theme')
  } catch {
    // No storage: the system decides.
  }
  document.documentElement.dataset.theme = theme ?? (dark.matches ? 'dark' : 'light')
}
applyTheme()
dark.addEventListener('change', applyTheme)
addEventListener('storage', applyTheme)

async function ask() {
  try {
    const reply = await fetch('/api/dev/mail/', { headers: { 'If-None-Match': etag } })
    $('trouble').hidden = reply.ok || reply.status === 304
    if (reply.ok) {
      etag = reply.headers.get('ETag') ?? ''
      receive(await reply.json())
    }
  } catch {
    $('trouble').hidden = false
  }
}

function receive(list) {
  const known = new Set(mails?.map(({ id }) => id))
  const news = mails === null ? [] : list.filter(({ id }) => !known.has(id))
  mails = list
  if (news.length > 0) $('news').textContent = `New mail to ${news[0].to}: ${news[0].subject}`
  $('empty').hidden = mails.length > 0
  $('summary').textContent = mails.length === 1 ? '1 mail in development' : `${mails.length} mails in development`
  if (mails.length === 0) $('summary').textContent = 'Development inbox'
  drawList()
  show()
}

/** Rows that are there stay, so that the focus does. */
function drawList() {
  const rows = new Map([...$('list').children].map((row) => [row.dataset.id, row]))
  $('list').replaceChildren(...mails.map((mail) => rows.get(mail.id) ?? row(mail)))
}

function row({ id, subject, to, created_at: createdAt }) {
  const link = element('a', '', { href: `#${id}` })
  const at = new Date(createdAt)
  const time = element('time', at.toLocaleTimeString(), { datetime: createdAt, title: at.toLocaleString() })
  link.append(element('span', subject, { class: 'subject' }), element('span', to, { class: 'to' }), time)
  const item = element('li', '', { 'data-id': id })
  item.append(link)
  return item
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name)
  made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

/** Shows the chosen mail, or the newest. */
function show() {
  const mail = mails.find(({ id }) => id === chosen) ?? mails[0]
  document.body.classList.toggle('reading', mail !== undefined && mail.id === chosen)
  for (const link of $('list').querySelectorAll('a')) {
    if (link.getAttribute('href') === `#${mail?.id}`) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
  $('reading').hidden = mail === undefined
  if (mail === undefined || $('reading').dataset.id === mail.id) return
  $('reading').dataset.id = mail.id
  document.title = `${mail.subject} – Mail (development)`
  $('subject').textContent = mail.subject
  $('to').textContent = mail.to
  $('created-at').textContent = new Date(mail.created_at).toLocaleString()
  $('created-at').dateTime = mail.created_at
  const link = mail.text.match(LINK)?.[0]
  $('link').hidden = link === undefined
  if (link !== undefined) $('link').href = link
  offerCode(mail.text.match(CODE)?.[0])
  $('html').src = `/dev/mail/${mail.id}/html`
  $('text').replaceChildren(...withLinks(mail.text))
}

function offerCode(code) {
  $('code').hidden = code === undefined
  $('code').replaceChildren('Copy the code ', element('b', code ?? ''))
  $('code').dataset.code = code ?? ''
}

/** The text, its addresses as links. */
function withLinks(text) {
  return text.split(/(https?:\/\/\S+)/).map((part, index) => {
    if (index % 2 === 0) return part
    return element('a', part, { href: part, target: '_blank', rel: 'noopener' })
  })
}

$('code').addEventListener('click', async ({ currentTarget }) => {
  const { code } = currentTarget.dataset
  try {
    await navigator.clipboard.writeText(code)
    currentTarget.replaceChildren('Copied ', element('b', code))
    $('news').textContent = 'The code was copied.'
  } catch {
    // Not allowed here: the code is chosen, so that the keyboard can copy it.
    getSelection().selectAllChildren(currentTarget.querySelector('b'))
  }
})

addEventListener('hashchange', () => {
  chosen = location.hash.slice(1)
  if (mails === null) return
  show()
  // On a narrow screen the mail takes the place of the list, and back.
  if (chosen !== '' && getComputedStyle($('to-list')).display !== 'none') $('reading').focus()
})

// Up and down in the list, as in other inboxes.
$('list').addEventListener('keydown', (event) => {
  const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key]
  const target = step && event.target.closest('li')?.[step]?.querySelector('a')
  if (!target) return
  event.preventDefault()
  target.focus()
  if (getComputedStyle($('to-list')).display === 'none') location.replace(target.href)
})

for (const input of document.querySelectorAll('input[name=view]')) {
  input.addEventListener('change', () => {
    $('html').hidden = input.value !== 'html'
    $('text').hidden = input.value !== 'text'
  })
}

async function run() {
  for (;;) {
    if (!document.hidden) await ask()
    await new Promise((resolve) => setTimeout(resolve, PERIOD))
  }
}
run()
