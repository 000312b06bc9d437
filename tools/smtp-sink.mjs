// An SMTP server for tests: takes mail, or misbehaves as it is told.
//
//   node tools/smtp-sink.mjs '{"tls": "none", "user": "u", "password": "p"}'
//
// Options, all of them optional:
//   port      where to listen on 127.0.0.1; a free one otherwise
//   tls       "none" (default: no STARTTLS offered) | "starttls" | "implicit"
//   ca        with TLS: where the certificate of its own, made at start, is written
//   user, password   a login is then required
//   smtputf8  false: addresses beyond ASCII are not taken
//   behaviour as below
//
// Lines on standard input change how it behaves, from the next command of a dialogue on:
//   {"behaviour": "accept"}
//   {"behaviour": "refuse", "at": "connect" | "mail" | "rcpt" | "data", "code": 450, "message": "try later"}
//   {"behaviour": "slow", "milliseconds": 2000}   the answer to a whole mail comes so late; the mail is taken at once
//   {"behaviour": "hang", "at": …}                no answer ever
//   {"behaviour": "drop", "at": …}                the connection breaks off
//   {"echo": …}                                   changes nothing, and is said again: all before it has been said by then
// Standard output has one JSON object a line: first {"port"}, then {"behaviour"} for each change, {"connection"} for each
// connection, and for each mail taken {"mail": {"from", "to", "raw", "secure", "user", "utf8"}}.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const { SMTPServer } = createRequire(new URL('../web/package.json', import.meta.url))('smtp-server')

const options = JSON.parse(process.argv[2] ?? '{}')
let mood = { behaviour: 'accept', ...options }

const say = (object) => process.stdout.write(`${JSON.stringify(object)}\n`)

/** A key and a certificate for localhost that no authority has signed. */
function certificate() {
  const directory = mkdtempSync(join(tmpdir(), 'smtp-sink-'))
  try {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    // Without CA:FALSE it would be an authority's, which no server may show as its own.
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const extension = ['-addext', 'basicConstraints=critical,CA:FALSE']
    execFileSync('openssl', [...request, ...subject, ...extension, '-keyout', key, '-out', cert], { stdio: 'pipe' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Breaks the connection off, in the middle of whatever it says. */
function hangUp({ id }) {
  for (const connection of server.connections) if (connection.id === id) connection._socket.destroy()
}

/** What happens at a stage of the dialogue: `done` answers, or nobody does. */
function behave(stage, session, done) {
  const { behaviour, at, code, message, milliseconds } = mood
  if (behaviour === 'slow' && stage === 'data') return void setTimeout(done, milliseconds)
  if (at !== stage) return done()
  if (behaviour === 'refuse') return done(Object.assign(new Error(message ?? 'no'), { responseCode: code }))
  if (behaviour === 'hang') return undefined
  if (behaviour === 'drop') return hangUp(session)
  return done()
}

const secured = { none: { hideSTARTTLS: true }, starttls: {}, implicit: { secure: true } }[options.tls ?? 'none']
const identity = options.tls && options.tls !== 'none' ? certificate() : {}
if (identity.cert && options.ca) writeFileSync(options.ca, identity.cert)

const server = new SMTPServer({
  ...secured,
  ...identity,
  banner: 'sink',
  disableReverseLookup: true,
  hideSMTPUTF8: options.smtputf8 === false,
  authOptional: !options.user,
  allowInsecureAuth: true,
  authMethods: ['PLAIN', 'LOGIN'],
  closeTimeout: 100,
  onConnect(session, done) {
    say({ connection: session.id })
    behave('connect', session, done)
  },
  onAuth({ username, password }, _session, done) {
    const isRight = username === options.user && password === options.password
    done(isRight ? null : Object.assign(new Error('wrong login'), { responseCode: 535 }), { user: username })
  },
  onMailFrom(_address, session, done) {
    behave('mail', session, done)
  },
  onRcptTo(_address, session, done) {
    behave('rcpt', session, done)
  },
  onData(stream, session, done) {
    const chunks = []
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('end', () => {
      const { envelope, secure, user } = session
      // What is refused now, or whose connection breaks off, the client must keep; anything else is taken from here on.
      const isTaken = mood.at !== 'data' || !['refuse', 'drop', 'hang'].includes(mood.behaviour)
      const to = envelope.rcptTo.map(({ address }) => address)
      const utf8 = Boolean(envelope.smtpUtf8)
      const mail = { from: envelope.mailFrom.address, to, raw: Buffer.concat(chunks).toString('utf8'), secure, user, utf8 }
      if (isTaken) say({ mail })
      behave('data', session, (error) => done(error, 'taken'))
    })
  },
})
server.on('error', () => {})

server.listen(options.port ?? 0, '127.0.0.1', () => say({ port: server.server.address().port }))
createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  if ('echo' in order) return say(order)
  mood = order
  say({ behaviour: mood.behaviour })
})
// It ends with the test that started it.
process.stdin.on('end', () => process.exit(0))
