import type { Address } from '../../src/core/address.js'
import { addressToNumber } from '../../src/core/address.js'
import { checkoutFile } from './checkout.js'
import type { Namespace } from './netns.js'
import { executeOrThrow } from './process.js'
import type { Workspace } from './workspace.js'

/** An interface of a host: the segment that it is on and its address there, like 192.168.0.10/24. */
export interface InterfaceSpec {
  readonly segment: string
  readonly address: string
}

export interface HostSpec {
  /** The first is eth0, the next eth1. */
  readonly interfaces: readonly InterfaceSpec[]
  readonly gateway?: Address
  /** Forwards packets between its interfaces. */
  readonly router?: boolean
  /** Sends by XDP_TX or redirect, which a veth drops unless the other end is made ready for it. */
  readonly sendsByXdp?: boolean
}

/** A machine of a lab. */
export interface Host {
  readonly name: string
  readonly namespace: Namespace
  /** Address and MAC of eth0. */
  readonly address: Address
  readonly mac: string
  /** MACs of all interfaces. */
  readonly macs: readonly string[]
}

/**
 * Ethernet segments and the hosts on them. Each segment is a bridge, all bridges are in one
 * namespace, the switch, whose ports are named after host and interface: what is captured on
 * `director-eth0` there is what the wire to the director carries.
 */
export class Network {
  readonly #bridges = new Map<string, Promise<string>>()

  private constructor(
    readonly workspace: Workspace,
    readonly ethernetSwitch: Namespace,
  ) {}

  static async create(workspace: Workspace): Promise<Network> {
    return new Network(workspace, await workspace.namespace('switch'))
  }

  async host(name: string, spec: HostSpec): Promise<Host> {
    const namespace = await this.workspace.namespace(name)
    if (spec.router) await namespace.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.all.send_redirects': 0 })
    const macs: string[] = []
    for (const [i, { segment, address }] of spec.interfaces.entries()) {
      const port = portName(name, `eth${i}`)
      macs.push(await this.#plug(namespace, `eth${i}`, port, segment, address))
      if (spec.sendsByXdp) await this.#receiveXdp(port)
    }
    if (spec.gateway) await namespace.ip([`route add default via ${spec.gateway}`])
    const [first] = spec.interfaces
    if (!first || !macs[0]) throw new Error(`host ${name} has no interface`)
    return { name, namespace, address: withoutPrefix(first.address), mac: macs[0], macs }
  }

  async #plug(host: Namespace, device: string, port: string, segment: string, address: string): Promise<string> {
    const bridge = await this.#bridge(segment)
    const mac = macOf(withoutPrefix(address))
    await host.ip([
      `link add ${device} address ${mac} type veth peer name ${port} netns ${this.ethernetSwitch.name}`,
      `address add ${address} dev ${device}`,
      `link set ${device} up`,
    ])
    await this.ethernetSwitch.ip([`link set ${port} master ${bridge} up`])
    // XDP and raw sockets forward what is in the frame: the sender has to finish its checksums.
    await host.exec('ethtool', ['-K', device, 'tx', 'off'])
    return mac
  }

  /**
   * Makes a port take what the other end sends by XDP. NAPI alone (`ethtool -K PORT gro on`) is
   * enough for redirects, but not for XDP_TX: its frames then lie in the port's ring until
   * something else wakes it (veth_xdp_flush in drivers/net/veth.c looks for a program).
   */
  async #receiveXdp(port: string): Promise<void> {
    const pin = this.workspace.pinPath(port)
    await this.ethernetSwitch.exec('bpftool', ['prog', 'load', checkoutFile('build/test/bpf/pass.bpf.o'), pin])
    await this.ethernetSwitch.exec('bpftool', ['net', 'attach', 'xdpdrv', 'pinned', pin, 'dev', port])
  }

  #bridge(segment: string): Promise<string> {
    const bridge = this.#bridges.get(segment) ?? this.#makeBridge(`br-${segment}`)
    this.#bridges.set(segment, bridge)
    return bridge
  }

  async #makeBridge(name: string): Promise<string> {
    await this.ethernetSwitch.ip([
      `link add ${name} type bridge forward_delay 0 mcast_snooping 0`,
      `link set ${name} up`,
    ])
    return name
  }
}

/** Name of the switch's port to an interface of a host. */
export function portName(host: string, device = 'eth0'): string {
  return `${host}-${device}`
}

/** MACs of a lab can be read: 02:00 and the four bytes of the IP address. */
function macOf(address: Address): string {
  const hex = addressToNumber(address).toString(16).padStart(8, '0')
  return ['02', '00', ...(hex.match(/../g) ?? [])].join(':')
}

/** 192.168.0.10/24 without its /24. */
export function withoutPrefix(address: string): Address {
  return address.split('/')[0] ?? address
}

/** Whether this process may make namespaces; otherwise why not. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  try {
    await executeOrThrow('ip', ['-V'])
    return undefined
  } catch {
    return 'needs iproute2'
  }
}
