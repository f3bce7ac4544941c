import { Capture } from './capture.js'
import { etherTypes } from './packet.js'
import type { DirectorName, PairLab } from './pair-lab.js'
import { pairVip } from './pair-lab.js'

/** What was seen on the segment, in its order: the bridge carries everything, so one capture has one order. */
export interface SegmentReport {
  /** Who forwarded to real servers. A director that did twice in succession stands there once. */
  readonly forwarders: readonly DirectorName[]
  /** Frames that each forwarded. */
  readonly frames: Readonly<Record<DirectorName, number>>
  /** Who announced the VIP by gratuitous ARP, likewise. */
  readonly announcers: readonly DirectorName[]
}

const fencePort = 9

/** Watches who forwards and who announces the VIP. */
export class ForwardWatch {
  private constructor(
    private readonly lab: PairLab,
    private readonly capture: Capture,
  ) {}

  static async start(lab: PairLab): Promise<ForwardWatch> {
    const macs = Object.values(lab.directors).map(({ host }) => `ether src ${host.mac}`)
    const forwarded = `dst host ${pairVip} and tcp dst port 80`
    const filter = `((${macs.join(' or ')}) and (arp or (${forwarded}))) or udp port ${fencePort}`
    const { ethernetSwitch } = lab.network
    return new ForwardWatch(lab, await Capture.start(ethernetSwitch, 'br-lan', filter, lab.workspace.directory))
  }

  async stop(): Promise<SegmentReport> {
    const { client, directors, servers } = this.lab
    // A datagram behind the last packet: when the capture has it, it has all that went before.
    const fence = `end of ${this.lab.workspace.id}`
    const address = servers.sorry.host.address
    await client.namespace.exec('bash', ['-c', `printf '${fence}' >/dev/udp/${address}/${fencePort}`])
    const seen = await this.capture.stopAfter(fence)
    const names = new Map(Object.values(directors).map(({ name, host }) => [host.mac, name]))
    const from = (frames: readonly Buffer[]) => frames.flatMap((frame) => names.get(sourceOf(frame)) ?? [])
    const forwarded = from(seen.filter((frame) => frame.readUInt16BE(12) === etherTypes.ipv4))
    const count = (name: DirectorName) => forwarded.filter((other) => other === name).length
    return {
      forwarders: runs(forwarded),
      frames: { server11: count('server11'), server14: count('server14') },
      announcers: runs(from(seen.filter(announces))),
    }
  }
}

/** A gratuitous ARP for the VIP: sender and target are the same (RFC 5944, section 4.6). */
function announces(frame: Buffer): boolean {
  if (frame.readUInt16BE(12) !== etherTypes.arp) return false
  return [28, 38].every((at) => frame.subarray(at, at + 4).join('.') === pairVip)
}

function sourceOf(frame: Buffer): string {
  return [...frame.subarray(6, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function runs<T>(values: readonly T[]): T[] {
  return values.filter((value, i) => value !== values[i - 1])
}
