import { fileURLToPath } from 'node:url'
import type { Namespace } from './netns.js'
import type { Background } from './process.js'
import { nowMs, type SteadyRequest } from './steady-request.js'
import { waitFor } from './wait-for.js'

export interface SteadyOptions {
  /** How long a request may take. A SYN that gets lost is sent again after 1 s: less than that asks anew. */
  readonly timeoutMs?: number
  /** Between the end of a request and the next. */
  readonly pauseMs?: number
  /** It ends by itself after so many requests or so long, whatever its test does. */
  readonly maxRequests?: number
  readonly maxMs?: number
}

/** Below those that the kernel gives out by itself. */
const ports = { first: 1024, last: 32_767 } as const

/**
 * A client that never stops asking: one request after the other, each on a connection of its own,
 * and what became of each.
 *
 * Each request of a test has a port that no other had. The kernel would choose at random (every 10 s
 * anew: EPHEMERAL_PORT_SHUFFLE_PERIOD), and what comes from a port whose last connection was to a
 * server that was taken out since is dropped, by IPVS as by xlvs.
 */
export class SteadyClient {
  static #nextPort: number = ports.first

  private constructor(
    private readonly process: Background,
    private readonly firstPort: number,
  ) {}

  /** Starts it and waits for its first request to be over. */
  static async start(namespace: Namespace, url: string, options: SteadyOptions = {}): Promise<SteadyClient> {
    const { timeoutMs = 900, pauseMs = 10, maxRequests = 8000, maxMs = 120_000 } = options
    const program = fileURLToPath(new URL('./steady-request.js', import.meta.url))
    const firstPort = SteadyClient.#nextPort
    SteadyClient.#nextPort += maxRequests
    if (SteadyClient.#nextPort > ports.last + 1) throw new Error('there are no more ports: stop a client first')
    const args = [program, url, ...[timeoutMs, pauseMs, maxRequests, maxMs, firstPort].map(String)]
    const client = new SteadyClient(namespace.spawn(process.execPath, args), firstPort)
    await client.process.says(/\n/)
    return client
  }

  /** The requests that are over, in order. */
  get requests(): SteadyRequest[] {
    const lines = this.process.stdout.split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as SteadyRequest)
  }

  /** The next so many requests that begin, when they are over. */
  async asks(count: number, deadlineMs = 15_000): Promise<SteadyRequest[]> {
    const from = nowMs()
    const asked = () => since(from, this.requests)
    await waitFor(`${count} more requests`, () => asked().length >= count, deadlineMs)
    return asked().slice(0, count)
  }

  /** Waits until so many requests in succession that began after now were answered. */
  async isServed(count: number, deadlineMs = 15_000): Promise<void> {
    const from = nowMs()
    await waitFor(
      `${count} answers in succession`,
      () => {
        const last = since(from, this.requests).slice(-count)
        return last.length === count && failed(last).length === 0
      },
      deadlineMs,
    )
  }

  /** Ends it after the request that it is about; gives all its requests. It must have been asking up to now. */
  async stop(): Promise<SteadyRequest[]> {
    if (!this.process.running) throw new Error(`the client stopped asking by itself\n${this.process.stderr}`)
    await this.process.stop()
    const { requests } = this
    SteadyClient.#nextPort = this.firstPort + requests.length
    return requests
  }
}

/** Requests that had no answer of 200. */
export function failed(requests: readonly SteadyRequest[]): SteadyRequest[] {
  return requests.filter(({ server }) => server === undefined)
}

/** Requests that began at a time or later. */
export function since(time: number, requests: readonly SteadyRequest[]): SteadyRequest[] {
  return requests.filter(({ startedAt }) => startedAt >= time)
}

/** How often each server answered, and each error came instead. */
export function outcomes(requests: readonly SteadyRequest[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { server, error = 'nothing' } of requests) counts[server ?? error] = (counts[server ?? error] ?? 0) + 1
  return counts
}

/** Who answered, and what errors came instead: each once, in the order of the alphabet. */
export function seenBy(requests: readonly SteadyRequest[]): string[] {
  return Object.keys(outcomes(requests)).sort()
}

/** The longest time without an answer, from the end of one to the end of the next, in ms. */
export function longestSilence(requests: readonly SteadyRequest[]): number {
  const ends = requests.filter(({ server }) => server !== undefined).map(({ endedAt }) => endedAt)
  return Math.max(0, ...ends.slice(1).map((end, i) => end - (ends[i] ?? end)))
}
