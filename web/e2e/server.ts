/** Runs the real binary, each time with an empty data directory. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The environment variables by which the global setup names the server to the workers. */
export const SERVER_URL = 'CLOAKROOM_E2E_URL'
export const DATA_DIRECTORY = 'CLOAKROOM_E2E_DATA'

const binary = process.env.CLOAKROOM_BIN ?? new URL('../../target/debug/cloakroom', import.meta.url).pathname

/** A running server. */
export interface Server {
  url: string
  dataDirectory: string
  stop(): Promise<void>
}

/** Starts `cloakroom dev` on a free port, and waits until it answers. */
export async function startServer(settings: Record<string, string> = {}): Promise<Server> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'cloakroom-e2e-'))
  const port = await freePort()
  const child = spawn(binary, ['dev', '--listen', `127.0.0.1:${port}`, '--data-dir', dataDirectory], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-10_000)))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  child.once('exit', (status) => (failure ??= new Error(`the server ended with ${status}:\n${log}`)))

  const url = `http://localhost:${port}`
  for (let tries = 0; !(await answers(`${url}/healthz`)); tries += 1) {
    if (failure) throw failure
    if (tries > 300) throw new Error(`the server does not answer:\n${log}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    url,
    dataDirectory,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(dataDirectory, { recursive: true })
    },
  }
}

/** Creates an account by the command line, while the server runs. */
export function addUser(email: string, password: string): void {
  run(['user', 'add', email, '--password-stdin'], password)
}

/** Runs a command of the command line, while the server runs. */
export function runCommand(...command: string[]): void {
  run(command)
}

function run(command: string[], input = ''): void {
  const directory = process.env[DATA_DIRECTORY]
  if (!directory) throw new Error('the global setup has not run')
  const result = spawnSync(binary, [...command, '--data-dir', directory], { input, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`${command.join(' ')}: ${result.error?.message ?? result.stderr}`)
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  )
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
