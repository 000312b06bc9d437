// The viewer of `cloakroom mail preview`. What is chosen stands in the address, so that a reload or a link shows it again.
/* global mails */
'use strict'

const $ = (id) => document.getElementById(id)
const languages = [...new Set(mails.map(({ language }) => language))]
const names = [...new Set(mails.map(({ name }) => name))]
const DEFAULTS = { mail: names[0], language: languages[0], theme: 'light', width: 'wide', view: 'html' }
const CHOICES = ['theme', 'width', 'view']

/** Returns what the address chooses; an unknown mail or language is the first. */
function chosen() {
  const all = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))) }
  const mail = mails.find(({ name, language }) => name === all.mail && language === all.language) ?? mails[0]
  return { ...all, mail }
}

/** Returns an address that differs from the present one in these choices. */
function address(changes) {
  const all = new URLSearchParams(location.hash.slice(1))
  for (const [key, value] of Object.entries(changes)) all.set(key, value)
  return `#${all}`
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name)
  made.textContent = text
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

/** Rows that are there stay, so that the focus does. */
function drawList(language, current) {
  if ($('list').children.length === 0) {
    for (const name of names) {
      const link = element('a', '', { 'data-name': name })
      link.append(element('span', '', { class: 'subject' }), element('span', name, { class: 'to' }))
      const item = element('li', '')
      item.append(link)
      $('list').append(item)
    }
  }
  for (const link of $('list').querySelectorAll('a')) {
    const { name } = link.dataset
    link.href = address({ mail: name })
    link.querySelector('.subject').textContent = mails.find((mail) => mail.name === name && mail.language === language).subject
    if (name === current) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

function show() {
  const { mail, ...choices } = chosen()
  document.body.classList.toggle('reading', new URLSearchParams(location.hash.slice(1)).has('mail'))
  drawList(mail.language, mail.name)
  document.title = `${mail.subject} – Emails (preview)`
  $('subject').textContent = mail.subject
  $('subject').lang = mail.language
  $('language').value = mail.language
  for (const name of CHOICES) {
    for (const input of document.querySelectorAll(`input[name=${name}]`)) input.checked = input.value === choices[name]
  }
  const source = `${mail.language}/${mail.name}.${choices.theme === 'dark' ? 'dark' : 'light'}.html`
  if ($('html').getAttribute('src') !== source) $('html').setAttribute('src', source)
  $('text').textContent = mail.text
  $('text').lang = mail.language
  for (const part of [$('html'), $('text')]) {
    part.hidden = part.id !== (choices.view === 'text' ? 'text' : 'html')
    part.dataset.width = choices.width
  }
}

for (const language of languages) $('language').append(new Option(language, language))
$('language').addEventListener('change', ({ target }) => location.replace(address({ language: target.value })))
for (const name of CHOICES) {
  for (const input of document.querySelectorAll(`input[name=${name}]`)) {
    input.addEventListener('change', () => location.replace(address({ [name]: input.value })))
  }
}

// The list again, on a narrow screen: all choices but the mail stay.
$('to-list').addEventListener('click', (event) => {
  event.preventDefault()
  const all = new URLSearchParams(location.hash.slice(1))
  all.delete('mail')
  location.hash = all
})
addEventListener('hashchange', show)
show()
