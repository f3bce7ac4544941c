import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Namespace } from './netns.js'

/** An answer of a lab's web server: who gave it, and the client's address as it saw it. */
export interface Answer {
  readonly server: string
  readonly client: string
}

/** One request by curl on a new connection. */
export async function ask(client: Namespace, url: string, { timeoutMs = 5000 } = {}): Promise<Answer> {
  const limit = String(timeoutMs / 1000)
  const text = await client.exec('curl', ['--silent', '--show-error', '--fail', '--max-time', limit, url])
  const [server = '', address = ''] = text.trim().split(' ')
  return { server, client: address }
}

export interface Download {
  readonly bytes: number
  readonly sha256: string
}

/**
 * Downloads with curl and hashes what comes. At each mark, a number of bytes received, nothing
 * more is read until its action has ended: so what happens "in mid-download" does, at any speed.
 */
export async function download(
  client: Namespace,
  url: string,
  marks: readonly (readonly [bytes: number, action: () => Promise<void>])[] = [],
): Promise<Download> {
  const args = [
    `--net=/run/netns/${client.name}`,
    '--',
    'curl',
    '--silent',
    '--show-error',
    '--fail',
    '--max-time',
    '90',
    url,
  ]
  const curl = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const closed = once(curl, 'close')
  closed.catch(() => {})
  let complaint = ''
  curl.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })

  const hash = createHash('sha256')
  const pending = [...marks]
  let bytes = 0
  for await (const chunk of curl.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.length
    while (pending[0] && bytes >= pending[0][0]) await pending.shift()?.[1]()
  }
  const [status] = await closed
  if (status !== 0) throw new Error(`curl ${url}: status ${status} after ${bytes} bytes\n${complaint}`)
  if (pending.length > 0) throw new Error(`${url} has ${bytes} bytes: the mark at ${pending[0]?.[0]} was not reached`)
  return { bytes, sha256: hash.digest('hex') }
}
