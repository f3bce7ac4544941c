/** Where a connection goes: hash_tuple(), set_of() and home_slot() of bpf/conn.h, written once more. */
import t from 'tap'
import { connLayout, sharedConstant } from '../../../src/dataplane/tables/layout.gen.js'
import { datagram, dns, segment, server, wayTo, web } from '../../bpf/director-fixture.js'
import { ModuleDirector } from '../../lib/module-director.js'
import { frame } from '../../lib/packet.js'

const sets = 1024
/** As the test's director has it. */
const seed = 0xa5a5a5a5a5a5a5a5n

function hashOf(header: Buffer): bigint {
  const u64 = (value: bigint) => BigInt.asUintN(64, value)
  const addresses = header.readBigUInt64LE(12)
  const identity = (BigInt(header.readUInt8(9)) << 56n) | BigInt(header.readUInt32LE(20))
  let h = u64((addresses ^ seed) * 0xff51afd7ed558ccdn)
  h ^= h >> 32n
  h = u64((h ^ identity ^ seed) * 0xc4ceb9fe1a85ec53n)
  h ^= h >> 29n
  h = u64(h * 0x9e3779b97f4a7c15n)
  return h ^ (h >> 32n)
}

/** Slots that hold a connection, by where they are in the table. */
function heldSlots({ maps }: ModuleDirector): number[] {
  const conns = maps.conns.view()
  const slots = Array.from({ length: sets * sharedConstant.SET_SLOTS }, (_, i) => i)
  return slots.filter((i) => conns.getUint8(i * connLayout.size + connLayout.offsets.control) !== 0)
}

t.test('a connection is in the home line of the first set that its hash names', async (t) => {
  const frames = [
    ...Array.from({ length: 40 }, (_, i) => segment('S', 1024 + 97 * i)),
    ...Array.from({ length: 40 }, (_, i) => datagram(1024 + 97 * i)),
    ...Array.from({ length: 40 }, (_, i) => frame({ ip: { source: `198.51.${i}.7` }, tcp: { flags: 'S' } })),
  ]
  for (const each of frames) {
    const director = new ModuleDirector({ sets })
    director.dataplane.setNextHop('10.0.0.1', wayTo(1))
    director.install(web, [server(1)])
    director.install(dns, [server(1, { rport: 53 })])
    director.send(each)
    const hash = hashOf(each.subarray(14))
    const set = Number(hash & BigInt(sets - 1))
    const home = Number((hash >> 29n) & BigInt(sharedConstant.SET_SLOTS - 2))
    t.same(heldSlots(director), [set * sharedConstant.SET_SLOTS + home])
  }
})
