/** Common email domains. One wrong letter in such a domain is probably a typo, and the email would go to a stranger. */
const COMMON_DOMAINS = [
  'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'hotmail.co.uk', 'live.com', 'msn.com', 'yahoo.com',
  'yahoo.co.uk', 'yahoo.de', 'yahoo.fr', 'icloud.com', 'me.com', 'mac.com', 'aol.com', 'proton.me', 'protonmail.com',
  'fastmail.com', 'zoho.com', 'gmx.de', 'gmx.net', 'gmx.com', 'gmx.at', 'gmx.ch', 'web.de', 't-online.de', 'freenet.de',
  'posteo.de', 'mailbox.org', 'orange.fr', 'wanadoo.fr', 'free.fr', 'laposte.net', 'btinternet.com', 'sky.com',
  'comcast.net', 'verizon.net', 'att.net', 'libero.it', 'bluewin.ch', 'mail.com', 'yandex.com', 'qq.com', '163.com',
] // prettier-ignore

/** Returns the address that was probably meant, or null. The address that was typed is never refused for it. */
export function likelyAddress(email: string): string | null {
  const address = email.trim()
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1).toLowerCase()
  if (at < 1 || domain.length < 5 || COMMON_DOMAINS.includes(domain)) return null
  const meant = COMMON_DOMAINS.find((common) => common.length > 6 && isOneTypoAway(domain, common))
  return meant ? `${address.slice(0, at)}@${meant}` : null
}

/** Returns whether one letter was left out, added or replaced, or two were swapped. */
function isOneTypoAway(typed: string, meant: string): boolean {
  let start = 0
  while (start < typed.length && typed[start] === meant[start]) start += 1
  const rest = typed.slice(start)
  const wanted = meant.slice(start)
  return (
    rest.slice(1) === wanted.slice(1) ||
    rest.slice(1) === wanted ||
    rest === wanted.slice(1) ||
    (rest.slice(2) === wanted.slice(2) && rest[0] === wanted[1] && rest[1] === wanted[0])
  )
}
