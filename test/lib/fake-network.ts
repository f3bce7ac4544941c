import type { Link } from '../../src/net/links.js'
import type { NetworkEvent } from '../../src/net/monitor.js'
import { type Neighbour, type NeighbourAction, neighbourKeyText } from '../../src/net/neighbours.js'
import type { Network } from '../../src/net/network.js'
import type { Route } from '../../src/net/routes.js'

/** A kernel with one interface, whose hosts answer ARP at once. */
export class FakeNetwork implements Network {
  readonly hosts = new Map<string, string>()
  readonly gateways = new Map<string, string>()
  readonly unreachable = new Set<string>()
  readonly table = new Map<string, Neighbour>()
  furtherLinks: Link[] = []
  readonly calls = { links: 0, routes: 0, neighbours: 0, apply: 0 }
  /** What a look takes. */
  delay = async (): Promise<void> => {}
  failure: Error | undefined
  refusal = ''
  closed = false
  #listener: (event: NetworkEvent) => void = () => {}

  async links(): Promise<Link[]> {
    this.calls.links++
    return [{ name: 'eth0', ifindex: 2, mtu: 1500, up: true, mac: '02:00:00:00:00:01' }, ...this.furtherLinks]
  }

  async routes(addresses: readonly string[]): Promise<Map<string, Route>> {
    this.calls.routes++
    await this.delay()
    if (this.failure) throw this.failure
    const route = (destination: string): Route => {
      const gateway = this.gateways.get(destination)
      return {
        destination,
        type: destination === '10.0.0.1' ? 'local' : 'unicast',
        dev: 'eth0',
        source: '10.0.0.1',
        foreignGateway: false,
        ...(gateway && { gateway }),
      }
    }
    return new Map(addresses.filter((one) => !this.unreachable.has(one)).map((one) => [one, route(one)]))
  }

  async neighbours(): Promise<Map<string, Neighbour>> {
    this.calls.neighbours++
    return new Map(this.table)
  }

  async apply(actions: readonly NeighbourAction[]): Promise<string> {
    this.calls.apply++
    for (const action of actions) {
      const text = neighbourKeyText(action.key)
      const mac = this.hosts.get(action.key.address)
      if (action.type === 'probe') {
        this.table.set(text, { ...action.key, state: mac === action.mac ? 'REACHABLE' : 'PROBE', mac: action.mac })
      } else {
        this.table.set(text, mac ? { ...action.key, state: 'REACHABLE', mac } : { ...action.key, state: 'FAILED' })
      }
    }
    return this.refusal
  }

  follow(listener: (event: NetworkEvent) => void) {
    this.#listener = listener
    return {
      close: async () => {
        this.closed = true
      },
    }
  }

  tell(event: NetworkEvent): void {
    this.#listener(event)
  }
}
