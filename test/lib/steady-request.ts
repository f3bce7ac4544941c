/**
 * Asks a URL again and again and prints what became of each request, a line of JSON each. argv: the
 * URL, the time of a request, the pause after it, how many and how long at most (all times in ms), the
 * client's first port. By SIGTERM it ends after the request that it is about.
 */
import { get } from 'node:http'
import { argv } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Times are of {@link nowMs}. */
export interface SteadyRequest {
  readonly startedAt: number
  readonly endedAt: number
  /** Who answered with a 200. */
  readonly server?: string
  /** What else came of it. */
  readonly error?: string
}

/** CLOCK_MONOTONIC in ms: the same for all processes of a machine. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

async function ask(url: string, localPort: number, timeoutMs: number): Promise<SteadyRequest> {
  const startedAt = nowMs()
  const outcome = await new Promise<{ server: string } | { error: string }>((resolve) => {
    const request = get(url, { agent: false, localPort, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('error', ({ message }) => resolve({ error: message }))
      response.on('end', () => {
        const { statusCode } = response
        resolve(statusCode === 200 ? { server: text.trim().split(' ')[0] ?? '' } : { error: `status ${statusCode}` })
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }))
  })
  return { startedAt, endedAt: nowMs(), ...outcome }
}

async function askOn(url: string, limits: readonly number[]): Promise<void> {
  const [timeoutMs = 1000, pauseMs = 0, maxRequests = 1, maxMs = 1000, firstPort = 1024] = limits
  let until = nowMs() + maxMs
  process.once('SIGTERM', () => {
    until = 0
  })
  for (let i = 0; i < maxRequests && nowMs() < until; i++) {
    process.stdout.write(`${JSON.stringify(await ask(url, firstPort + i, timeoutMs))}\n`)
    await delay(pauseMs)
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url = '', ...limits] = argv
  await askOn(url, limits.map(Number))
}
