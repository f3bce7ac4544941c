import { fileURLToPath } from 'node:url'
import type { Host } from './network.js'
import type { Background } from './process.js'

/** What every server's zone has: its own address. */
export const whoName = 'who.test'

/** dnsmasq on a host. It knows one name, {@link whoName}, and that only if it has its zone; for others it says REFUSED. */
export class DnsServer {
  #process: Background | undefined

  constructor(
    private readonly host: Host,
    private readonly port: number,
  ) {}

  /** Starts it, in place of the one that runs. */
  async start({ hasZone = true } = {}): Promise<void> {
    await this.stop()
    const zone = hasZone ? [`--address=/${whoName}/${this.host.address}`] : []
    const alone = ['--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root', '--no-daemon']
    this.#process = this.host.namespace.spawn('dnsmasq', [...alone, `--port=${this.port}`, ...zone])
    await this.#process.says(/started, version/)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
  }
}

let nextPort = 20_000

/**
 * Asks for {@link whoName} so many times, each time from a port that no earlier question had; gives the servers' addresses. All
 * must be answered.
 */
export async function dnsAnswers(client: Host, server: string, count: number): Promise<string[]> {
  const program = fileURLToPath(new URL('./dns-request.js', import.meta.url))
  const text = await client.namespace.exec(process.execPath, [program, server, whoName, `${nextPort}`, `${count}`])
  nextPort += count
  return text.trim().split('\n')
}
