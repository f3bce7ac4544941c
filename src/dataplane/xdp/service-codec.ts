import { addressFromNumber, addressToNumber } from '../../core/address.js'
import type { Forwarding, RealServer } from '../../core/real-server.js'
import type { Protocol, ServiceKey } from '../../core/virtual-service.js'
import { forward, type RealServerStruct, type ServiceKeyStruct } from './layout.gen.js'

/** IPPROTO_*, linux/in.h. */
const protocolNumbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 }

const forwardNumbers: Readonly<Record<Forwarding, number>> = {
  route: forward.ROUTE,
  tunnel: forward.TUNNEL,
  masq: forward.MASQ,
}

function nameOf<T extends string>(numbers: Readonly<Record<T, number>>, wanted: number, what: string): T {
  for (const name in numbers) if (numbers[name] === wanted) return name
  throw new RangeError(`${what}: ${wanted} is none that xlvs writes`)
}

/** @throws RangeError for a number that is not a protocol of virtual services. */
export function protocolOf(number: number): Protocol {
  return nameOf(protocolNumbers, number, 'protocol')
}

export function serviceKeyToStruct({ protocol, vip, vport }: ServiceKey): ServiceKeyStruct {
  return { vip: addressToNumber(vip), vport, protocol: protocolNumbers[protocol] }
}

export function serviceKeyFromStruct({ vip, vport, protocol }: ServiceKeyStruct): ServiceKey {
  return { protocol: protocolOf(protocol), vip: addressFromNumber(vip), vport }
}

/** What the operator stated of a real server, as it goes into struct real_server. */
export function serverToStruct(server: RealServer): Pick<RealServerStruct, 'rip' | 'rport' | 'forward' | 'weight'> {
  return {
    rip: addressToNumber(server.rip),
    rport: server.rport,
    forward: forwardNumbers[server.forwarding],
    weight: server.weight,
  }
}

export function serverFromStruct(struct: RealServerStruct): RealServer {
  return {
    rip: addressFromNumber(struct.rip),
    rport: struct.rport,
    forwarding: nameOf(forwardNumbers, struct.forward, 'forward'),
    weight: struct.weight,
  }
}
