/** What the director's tests share: a service, servers, ways to them, and frames of clients. */
import type { Test } from 'tap'
import type { Hop } from '../../src/core/next-hop.js'
import type { RealServer } from '../../src/core/real-server.js'
import type { VirtualService } from '../../src/core/virtual-service.js'
import { BpfDirector, type BpfDirectorOptions } from '../lib/bpf-director.js'
import { hopTo } from '../lib/fake-next-hops.js'
import { defaultAddresses, frame, type Ipv4Fields, type TcpFlags } from '../lib/packet.js'
import type { Flow } from '../lib/table-director.js'

export const { cip, vip } = defaultAddresses
/** The interface that frames come in on unless told otherwise (BPF_PROG_TEST_RUN's choice). */
export const loopback = 1

export const web: VirtualService = { protocol: 'tcp', vip, vport: 80, scheduler: 'rr' }
export const dns: VirtualService = { protocol: 'udp', vip, vport: 53, scheduler: 'rr' }

/** Server n is 10.0.0.n. */
export function server(n: number, fields: Partial<RealServer> = {}): RealServer {
  return { rip: `10.0.0.${n}`, rport: 80, forwarding: 'route', weight: 1, ...fields }
}

/** The way to server n: on the interface on which the client's frames come in. */
export function wayTo(n: number, fields: Partial<Hop> = {}): Hop {
  return { ...hopTo(n), ifindex: loopback, ...fields }
}

/** A director whose ways to servers 1 to `ways` are known; it goes with the test. */
export function openDirector(t: Test, options: BpfDirectorOptions & { readonly ways?: number } = {}): BpfDirector {
  const director = new BpfDirector(options)
  t.teardown(() => director.close())
  for (let n = 1; n <= (options.ways ?? 5); n++) director.dataplane.setNextHop(`10.0.0.${n}`, wayTo(n))
  return director
}

/** A client's segment to `web`. */
export function segment(flags: TcpFlags, sport = 40000, ip: Ipv4Fields = {}): Buffer {
  return frame({ ip, tcp: { flags, sport } })
}

/** A client's datagram to `dns`. */
export function datagram(sport = 40000, ip: Ipv4Fields = {}): Buffer {
  return frame({ ip, udp: { sport }, payload: 'query' })
}

export function webFlow(cport = 40000): Flow {
  return { protocol: 'tcp', cip, cport, vip, vport: web.vport }
}

export function dnsFlow(cport = 40000): Flow {
  return { protocol: 'udp', cip, cport, vip, vport: dns.vport }
}

/** Which server a frame was sent to by DR: the last byte of the MAC address. */
export function chosen(frame: Buffer): number {
  return frame.readUInt8(5)
}

/** Lets so much time pass, and collects as the daemon does, that removed servers without connections are forgotten. */
export function forgetRemoved(director: BpfDirector): void {
  director.dataplane.collect()
  director.advance(150)
  director.dataplane.collect()
}
