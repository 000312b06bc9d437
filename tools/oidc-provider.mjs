// A certified OpenID provider on loopback, for the test of the whole path (crates/cloakroom/tests/it/social/provider/certified.rs).
//
//   node tools/oidc-provider.mjs REDIRECT_URI
//
// It prints its issuer, then reads an authorize URL a line, does there what a person at a browser would, and prints where it
// was sent back to. It ends with its standard input.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(new URL('../web/package.json', import.meta.url))
const { default: Provider } = await import(require.resolve('oidc-provider'))

const server = createServer()
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'cloakroom',
      // What basic authentication must encode first (RFC 6749, section 2.3.1).
      client_secret: 'of-cloakroom:%+ &',
      redirect_uris: [process.argv[2]],
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  clientAuthMethods: ['client_secret_basic'],
  cookies: { keys: ['only for this run'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: `${sub}@op.example`, email_verified: true, name: 'Ann Other' }),
  }),
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
})

// The person: signs in as ann, and consents.
async function interact(request, response) {
  const { prompt, params, grantId } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'ann' } }, { mergeWithLastSubmission: false })
  }
  const grant = (grantId && (await provider.Grant.find(grantId))) || new provider.Grant({ accountId: 'ann', clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  const consent = { grantId: await grant.save() }
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true })
}

const answer = provider.callback()
server.on('request', (request, response) => {
  if (request.url.startsWith('/interaction/')) void interact(request, response)
  else void answer(request, response)
})

// The browser: cookies, and redirects up to the app's own address.
async function visit(start) {
  const jar = new Map()
  let url = start
  while (!url.startsWith(process.argv[2])) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(';')[0].split(/=(.*)/s)
      jar.set(name, value)
    }
    const location = response.headers.get('location')
    if (!location) return `refused: ${response.status} ${(await response.text()).slice(0, 300).replaceAll('\n', ' ')}`
    url = new URL(location, url).href
  }
  return url
}

console.log(issuer)
for await (const line of createInterface({ input: process.stdin })) console.log(await visit(line))
server.closeAllConnections()
server.close()
