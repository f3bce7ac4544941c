import type { Forwarding, RealServer } from '../../core/real-server.js'
import type { Protocol, ServiceKey } from '../../core/virtual-service.js'
import { addressFromStruct, addressToStruct } from './address-codec.js'
import { family, forward, type RealServerStruct, type ServiceKeyStruct } from './layout.gen.js'

/** IPPROTO_*, linux/in.h. */
const protocolNumbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 }

const forwardNumbers: Readonly<Record<Forwarding, number>> = {
  route: forward.ROUTE,
  tunnel: forward.TUNNEL,
  masq: forward.MASQ,
}

function find<T extends string>(numbers: Readonly<Record<T, number>>, wanted: number): T | undefined {
  for (const name in numbers) if (numbers[name] === wanted) return name
  return undefined
}

function nameOf<T extends string>(numbers: Readonly<Record<T, number>>, wanted: number, what: string): T {
  const name = find(numbers, wanted)
  if (name === undefined) throw new RangeError(`${what}: ${wanted} is none that xlvs writes`)
  return name
}

/** undefined for a number that is not a protocol of virtual services. */
export function findProtocol(number: number): Protocol | undefined {
  return find(protocolNumbers, number)
}

export function serviceKeyToStruct({ protocol, vip, vport }: ServiceKey): ServiceKeyStruct {
  return { vip: addressToStruct(vip), vport, protocol: protocolNumbers[protocol], family: family.IPV4, mark: 0 }
}

export function serviceKeyFromStruct({ vip, vport, protocol }: ServiceKeyStruct): ServiceKey {
  return { protocol: nameOf(protocolNumbers, protocol, 'protocol'), vip: addressFromStruct(vip), vport }
}

/** What the operator stated of a real server, as it goes into struct real_server. */
export function serverToStruct(server: RealServer): Pick<RealServerStruct, 'rip' | 'rport' | 'forward' | 'weight'> {
  return {
    rip: addressToStruct(server.rip),
    rport: server.rport,
    forward: forwardNumbers[server.forwarding],
    weight: server.weight,
  }
}

/** Whether {@link serverFromStruct} and {@link serviceKeyFromStruct} can read it. */
export function isReadable({ forward, service }: RealServerStruct): boolean {
  return find(forwardNumbers, forward) !== undefined && findProtocol(service.protocol) !== undefined
}

export function serverFromStruct(struct: RealServerStruct): RealServer {
  return {
    rip: addressFromStruct(struct.rip),
    rport: struct.rport,
    forwarding: nameOf(forwardNumbers, struct.forward, 'forward'),
    weight: struct.weight,
  }
}
