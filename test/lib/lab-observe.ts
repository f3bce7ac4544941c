import type { Address } from '../../src/core/address.js'
import { Capture } from './capture.js'
import { decode, type FrameSummary } from './describe-frame.js'
import { type Answer, ask } from './http.js'
import type { Lab } from './lab.js'
import { portName } from './network.js'
import { etherTypes } from './packet.js'
import { waitFor } from './wait-for.js'

/** What was seen while a lab's client sent its requests. */
export interface Observation {
  readonly requests: number
  readonly answers: readonly Answer[]
  /** By real server: client addresses in its log, one for each request. */
  readonly logged: ReadonlyMap<string, readonly Address[]>
  /** Frames of the service on the wire to the director, and from it, in order. */
  readonly toDirector: readonly FrameSummary[]
  readonly fromDirector: readonly FrameSummary[]
  /** MACs that answered ARP for the VIP to the client, or to the router that the client is behind. */
  readonly arpAnswers: readonly string[]
  /** `ipvsadm -Ln --stats --exact`. */
  readonly stats: string
}

/** Sends requests one after another and watches the wires meanwhile. */
export async function observe(lab: Lab, requests: number): Promise<Observation> {
  const { client, director, directorHost, network, workspace } = lab
  const asker = askerOf(lab)
  await asker.host.namespace.ip([`neighbour flush dev ${asker.device}`])

  const filter = 'arp or tcp port 80 or ip proto 4 or udp port 9'
  const port = (name: string) => Capture.start(network.ethernetSwitch, name, filter, workspace.directory)
  const atDirector = await port(portName('director'))
  const atAsker = await port(portName(asker.host.name, asker.device))

  const answers: Answer[] = []
  for (let i = 0; i < requests; i++) answers.push(await ask(client.namespace, lab.url))
  await waitFor('all connections of the client to be closed', async () => {
    const sockets = await client.namespace.exec('ss', ['-Htn', 'exclude', 'time-wait'])
    return sockets.trim() === ''
  })

  // A datagram behind the last packet: when a capture has it, it has all that went before.
  const fence = `end of ${lab.spec.name}`
  await client.namespace.exec('bash', ['-c', `printf '${fence}' >/dev/udp/${directorHost.address}/9`])
  const directorFrames = await atDirector.stopAfter(fence)
  const frames = directorFrames.map(decode).filter(({ packets }) => isOfService(packets, lab.spec.vip))

  const logged = new Map<string, readonly Address[]>()
  for (const { spec, web } of lab.servers) logged.set(spec.name, await web.loggedClients())
  return {
    requests,
    answers,
    logged,
    toDirector: frames.filter(({ destination }) => destination === directorHost.mac),
    fromDirector: frames.filter(({ source }) => source === directorHost.mac),
    arpAnswers: arpAnswers(await atAsker.stopAfter(fence), lab.spec.vip),
    stats: await director.ipvsadm('-Ln --stats --exact'),
  }
}

/** Who asks for the VIP on the director's segment: the client, or the router on its side. */
function askerOf({ spec, client, routers }: Lab): { host: Lab['client']; device: string } {
  const segment = spec.director.interfaces[0]?.segment
  const candidates = [
    { host: client, spec: spec.client },
    ...routers.map((host) => ({ host, spec: spec.routers[host.name] })),
  ]
  for (const { host, spec } of candidates) {
    const index = spec?.interfaces.findIndex((candidate) => candidate.segment === segment) ?? -1
    if (index >= 0) return { host, device: `eth${index}` }
  }
  throw new Error(`lab ${spec.name}: neither the client nor a router is on the director's segment`)
}

function isOfService(packets: FrameSummary['packets'], vip: Address): boolean {
  return packets.some(({ source, sport, destination, dport }) => {
    return (destination === vip && dport === 80) || (source === vip && sport === 80)
  })
}

/** Senders of ARP replies (RFC 826: operation 2) that claim an address. */
function arpAnswers(frames: readonly Buffer[], address: Address): string[] {
  const macs = frames
    .filter((frame) => frame.readUInt16BE(12) === etherTypes.arp && frame.readUInt16BE(20) === 2)
    .filter((frame) => frame.subarray(28, 32).join('.') === address)
    .map((frame) =>
      frame
        .subarray(22, 28)
        .toString('hex')
        .replace(/..(?=.)/g, '$&:'),
    )
  return [...new Set(macs)]
}
