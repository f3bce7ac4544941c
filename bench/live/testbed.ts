import { interfaceIndex } from '../../src/bpf/index.js'
import type { Namespace } from '../../test/lib/netns.js'
import { executeOrThrow } from '../../test/lib/process.js'
import type { Workspace } from '../../test/lib/workspace.js'
import { dip, directorMac, servers } from '../traffic.js'
import { Generator } from './generator.js'
import { Sink } from './sink.js'

/** MAC address of the director's second interface. */
const outMac = '02:00:00:00:02:01'
/** What bare.bpf.c redirects to. */
const outIfindex = 1002

/** VIPs of the services, by method: both may be there at once. */
export const vips = { route: '192.0.2.10', tunnel: '192.0.2.11' } as const

/** Where a director stands: real servers are behind the interface that clients are behind, or behind another. */
export type Shape = 'one interface' | 'two interfaces'

let opened = 0

/**
 * A director's place, a namespace with one or two interfaces, and the other ends of the wires here, in
 * this process's namespace: a generator for the clients, a sink for the real servers.
 */
export class Testbed {
  private constructor(
    readonly workspace: Workspace,
    /** Unique within the workspace. */
    readonly name: string,
    readonly namespace: Namespace,
    /** The director's. */
    readonly interfaces: readonly string[],
    /** MAC address that forwarded packets come from. */
    readonly sourceMac: string,
    readonly generator: Generator,
    readonly sink: Sink,
    private readonly devices: readonly string[],
  ) {}

  static async create(workspace: Workspace, shape: Shape): Promise<Testbed> {
    const name = `bed${opened++}`
    const namespace = await workspace.namespace(name)
    const clients = `${name}-clients`
    await addWire(clients, namespace, `eth0 address ${directorMac}`)
    const devices = [clients]
    if (shape === 'two interfaces') {
      const out = `${name}-servers`
      await addWire(out, namespace, `eth1 index ${outIfindex} address ${outMac}`)
      devices.push(out)
    }
    const interfaces = devices.map((_, i) => `eth${i}`)
    const towards = interfaces.at(-1) ?? 'eth0'
    await namespace.ip([
      `address add ${dip}/16 dev ${towards}`,
      ...interfaces.map((device) => `link set ${device} up`),
      ...Object.values(vips).map((vip) => `route add local ${vip} dev lo`),
      ...(shape === 'two interfaces' ? ['route add default dev eth0'] : [`route add default via ${servers[0]?.rip}`]),
      ...servers.map(({ rip, mac }) => `neighbour add ${rip} lladdr ${mac} dev ${towards} nud permanent`),
    ])
    const [first = 0, ...others] = devices.map((device) => interfaceIndex(device) ?? 0)
    const sourceMac = shape === 'two interfaces' ? outMac : directorMac
    const [generator, sink] = [new Generator(first), new Sink([first, ...others])]
    return new Testbed(workspace, name, namespace, interfaces, sourceMac, generator, sink, devices)
  }

  /**
   * Makes interfaces without native XDP take frames that were redirected to them: a veth has NAPI then, as NICs do
   * (veth_xdp_xmit() in drivers/net/veth.c).
   */
  async receiveInStack(): Promise<void> {
    for (const device of this.interfaces) await this.namespace.exec('ethtool', ['-K', device, 'gro', 'on'])
  }

  /** Takes wires and namespace away. */
  async close(): Promise<void> {
    this.generator.close()
    this.sink.close()
    for (const device of this.devices) await executeOrThrow('ip', ['link', 'delete', device])
    await executeOrThrow('ip', ['netns', 'delete', this.namespace.name])
  }
}

/** A veth from `device` in this process's namespace to the director's. */
async function addWire(device: string, namespace: Namespace, end: string): Promise<void> {
  await namespace.ip([`link add ${end} type veth peer name ${device} netns ${process.pid}`])
  await executeOrThrow('sysctl', ['-q', '-w', `net.ipv6.conf.${device}.disable_ipv6=1`])
  await executeOrThrow('ip', ['link', 'set', device, 'up'])
}
