import { DATA_DIRECTORY, SERVER_URL, startServer } from './server'

/** Starts one server with sample users for the whole run. Playwright calls the returned function at the end. */
export default async function globalSetup() {
  const server = await startServer({ CLOAKROOM_LIMITS__LOGIN_PER_IP: '1000/15m', CLOAKROOM_LIMITS__MAIL_PER_IP: '1000/1h' })
  process.env[SERVER_URL] = server.url
  process.env[DATA_DIRECTORY] = server.dataDirectory
  return () => server.stop()
}
