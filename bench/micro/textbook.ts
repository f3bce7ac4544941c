import { type BpfMap, BpfObject } from '../../src/bpf/index.js'
import { addressToNumber } from '../../src/core/address.js'
import { macBytes, protocolNumbers } from '../../test/lib/packet.js'
import { memoryOf } from '../memory.js'
import { objectPath } from '../object-path.js'
import { dip, directorMac, type Server, servers, vip, vport } from '../traffic.js'
import type { Subject } from './subject.js'

/** textbook.bpf.c with one service. @param slots connections that its table has room for. */
export function openTextbook(sending: 'route' | 'tunnel', slots: number): Subject {
  const object = BpfObject.open(objectPath('bench', 'textbook'))
  object.setMaxEntries('conns', slots)
  object.load()
  const program = object.program('textbook')
  const [conns, services, realServers, traffic] = ['conns', 'services', 'real_servers', 'server_traffic'].map((name) =>
    object.map(name),
  ) as [BpfMap, BpfMap, BpfMap, BpfMap]
  object.close()
  services.update(serviceKey(), service())
  for (const [i, server] of servers.entries()) realServers.update(index(i), realServer(server, sending === 'tunnel'))
  return {
    sending,
    program,
    services: 1,
    servers,
    tableBytesPerSlot: memoryOf(conns) / slots,
    forwarded: () => packets(traffic),
    close: () => {
      program.close()
      for (const map of [conns, services, realServers, traffic]) map.close()
    },
  }
}

function index(i: number): Buffer {
  const key = Buffer.alloc(4)
  key.writeUInt32LE(i)
  return key
}

/** struct service_key. */
function serviceKey(): Buffer {
  const key = Buffer.alloc(8)
  key.writeUInt32BE(addressToNumber(vip), 0)
  key.writeUInt16BE(vport, 4)
  key.writeUInt16LE(protocolNumbers.tcp, 6)
  return key
}

/** struct service. */
function service(): Buffer {
  const value = Buffer.alloc(8)
  value.writeUInt32LE(servers.length, 0)
  return value
}

/** struct real_server. */
function realServer({ rip, mac }: Server, tunnel: boolean): Buffer {
  const value = Buffer.alloc(24)
  value.writeUInt32BE(addressToNumber(rip), 0)
  value.writeUInt32BE(addressToNumber(dip), 4)
  value.set(macBytes(mac), 8)
  value.set(macBytes(directorMac), 14)
  value.writeUInt32LE(tunnel ? 1 : 0, 20)
  return value
}

/** Sum of struct traffic.packets of all servers on all CPUs. */
function packets(traffic: BpfMap): number {
  const { values } = traffic.lookupAll()
  let sum = 0
  for (let offset = 0; offset < values.length; offset += 16) sum += Number(values.readBigUInt64LE(offset))
  return sum
}
