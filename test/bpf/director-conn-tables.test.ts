/** The connection table, of IPv4 and of IPv6, which come from one source: what packets do to it, without the packets. */
import t, { type Test } from 'tap'
import type { BpfProgram } from '../../src/bpf/index.js'
import { defaultTimeouts } from '../../src/core/connection.js'
import { configLayout, conn6Layout, connLayout, sharedConstant } from '../../src/dataplane/tables/layout.gen.js'
import { BpfDirector } from '../lib/bpf-director.js'
import { seededRandom } from '../lib/random.js'
import { server, wayTo, web } from './director-fixture.js'

/** enum outcome of conn-tables.bpf.c. */
const outcomes = ['missed', 'found', 'made', 'refused'] as const
const flagBits = { S: 0x02, A: 0x10, F: 0x11 } as const
const servers = [3, 2, 1]
const sets = 64
const slots = sets * sharedConstant.SET_SLOTS
/** Of struct request. */
const at = { identity: 32, flags: 40, outcome: 44, server: 48, size: 56 } as const
/** Of a tuple's identity: where the real server comes in an entry. */
const noServer = [4, 5, 6]

interface Family {
  readonly name: 'ipv4' | 'ipv6'
  readonly map: string
  readonly layout: typeof connLayout | typeof conn6Layout
  readonly setMask: 'setMask' | 'setMask6'
  /** Bytes of both addresses. */
  readonly addresses: number
}

const families: readonly Family[] = [
  { name: 'ipv4', map: 'conns', layout: connLayout, setMask: 'setMask', addresses: 8 },
  { name: 'ipv6', map: 'conns6', layout: conn6Layout, setMask: 'setMask6', addresses: 32 },
]

/** A tuple: addresses, and what struct tuple has as identity. */
type Tuple = Buffer

class Table {
  readonly director: BpfDirector
  readonly #table: DataView
  readonly #packet: BpfProgram
  readonly #random = seededRandom(7)

  constructor(
    t: Test,
    private readonly family: Family,
  ) {
    this.director = new BpfDirector({ object: 'conn-tables', sets })
    t.teardown(() => this.director.close())
    this.director.maps.config.view().setUint32(configLayout.offsets[family.setMask], sets - 1, true)
    this.#packet = this.director.object.program(`packet_of_${family.name}`)
    this.#table = this.director.object.map(family.map).view()
    for (const n of servers) this.director.dataplane.setNextHop(`10.0.0.${n}`, wayTo(n))
    this.director.install(
      web,
      servers.map((n) => server(n)),
    )
  }

  /** One that there has not been. */
  tuple(protocol = 6): Tuple {
    const tuple = Buffer.alloc(at.flags)
    const drawn = [...Array(this.family.addresses).keys(), ...[0, 1, 2, 3].map((byte) => at.identity + byte)]
    for (const byte of drawn) tuple[byte] = Math.floor(this.#random() * 256)
    tuple[at.identity + 7] = protocol
    return tuple
  }

  /** @returns what became of it, and the number of its real server. */
  send(tuple: Tuple, flags: keyof typeof flagBits): string {
    const request = Buffer.alloc(at.size)
    tuple.copy(request)
    request.writeUInt32LE(flagBits[flags], at.flags)
    const { ctx } = this.#packet.run(request)
    const outcome = outcomes[ctx.readUInt32LE(at.outcome)]
    return outcome === 'found' || outcome === 'made' ? `${outcome} ${ctx.readUInt32LE(at.server)}` : `${outcome}`
  }

  /** SYN, ACK and a request: then it gives way to no other. */
  establish(tuple: Tuple): string {
    const made = this.send(tuple, 'S')
    for (const _ of ['handshake', 'request']) if (made.startsWith('made')) this.send(tuple, 'A')
    return made
  }

  sweep(): void {
    this.director.object.program(`sweep_${this.family.name}`).run()
  }

  /** Entries that hold a connection, by its tuple. */
  held(): Map<string, number> {
    const { size, offsets } = this.family.layout
    const bytes = Buffer.from(this.#table.buffer, this.#table.byteOffset, this.#table.byteLength)
    const held = new Map<string, number>()
    for (let slot = 0; slot < bytes.length; slot += size) {
      if (((bytes[slot + offsets.control] ?? 0) & sharedConstant.CONN_HELD) === 0) continue
      const tuple = bytes.toString('hex', slot, slot + offsets.owner) + bytes[slot + offsets.owner + 3]
      held.set(tuple, (held.get(tuple) ?? 0) + 1)
    }
    return held
  }

  /** Connections that servers and the table are counted, and those of them that are assured. */
  counted(): { servers: number; table: number; assured: number; share: number } {
    const sum = (text: string) => text.split('/').reduce((sum, count) => sum + Number(count), 0)
    const { inUse, assured, largest } = this.director.dataplane.stats().connections
    return {
      servers: Object.values(this.director.counts(web)).reduce((all, count) => all + sum(count), 0),
      table: inUse,
      assured,
      share: largest?.assured ?? 0,
    }
  }
}

for (const family of families) {
  const test = (name: string, run: (t: Test, table: Table) => void) =>
    t.test(`${family.name}: ${name}`, async (t) => run(t, new Table(t, family)))
  const all = (n: number, assured = 0) => ({ servers: n, table: n, assured, share: assured })

  test('what is made is found again, until it expires', (t, table) => {
    const tuples = Array.from({ length: slots / 2 }, () => table.tuple())
    const made = tuples.map((tuple) => table.send(tuple, 'S'))
    t.same(new Set(made), new Set(['made 0', 'made 1', 'made 2']))
    t.same(
      tuples.map((tuple) => table.send(tuple, 'A')),
      made.map((text) => text.replace('made', 'found')),
    )
    t.equal(table.held().size, tuples.length)
    t.same(table.counted(), all(tuples.length))
    table.director.advance(defaultTimeouts.tcpS - 1)
    table.sweep()
    t.same(table.counted(), all(tuples.length))
    table.director.advance(2)
    t.same(new Set(tuples.map((tuple) => table.send(tuple, 'A'))), new Set(['missed']))
    table.sweep()
    t.same(table.counted(), all(0))
    t.equal(table.held().size, 0)
  })

  test('an expired one comes back to its own slot', (t, table) => {
    const tuples = Array.from({ length: slots / 4 }, () => table.tuple())
    for (let round = 0; round < 3; round++) {
      for (const tuple of tuples) t.match(table.send(tuple, 'S'), /^made/)
      t.same(new Set(table.held().values()), new Set([1]), 'no tuple twice')
      t.same(table.counted(), all(tuples.length))
      table.director.advance(61)
    }
  })

  test('tuples that differ in one bit are different', (t, table) => {
    const tuple = table.tuple()
    t.match(table.send(tuple, 'S'), /^made/)
    const bytes = [...Array(family.addresses).keys(), ...[0, 1, 2, 3, 7].map((byte) => at.identity + byte)]
    for (const byte of bytes) {
      for (let bit = 0; bit < 8; bit++) {
        const other = Buffer.from(tuple)
        other[byte] = (other[byte] ?? 0) ^ (1 << bit)
        t.equal(table.send(other, 'A'), 'missed', `bit ${bit} of byte ${byte}`)
      }
    }
    for (const byte of noServer) t.equal(tuple[at.identity + byte], 0)
    t.match(table.send(tuple, 'A'), /^found/)
  })

  test('hashes leave no set out', (t, table) => {
    // By one byte of the addresses at a time, as neighbours in a network differ.
    for (let byte = 0; byte < family.addresses; byte++) {
      const tuple = table.tuple()
      for (let value = 0; value < 256; value++) {
        tuple[byte] = value
        t.notOk(table.send(tuple, 'S').startsWith('refused'), `byte ${byte} is ${value}`)
      }
    }
    const { evicted } = table.director.dataplane.stats().connections
    t.equal(table.held().size + evicted, 256 * family.addresses)
    t.ok(table.held().size >= 0.97 * slots, `${table.held().size} of ${slots}`)
  })

  test('of a full table the oldest that are not assured give way, and no others', (t, table) => {
    const established = Array.from({ length: slots / 2 }, () => table.tuple())
    for (const tuple of established) t.match(table.establish(tuple), /^made/)
    const old = Array.from({ length: slots / 4 }, () => table.tuple())
    for (const tuple of old) table.send(tuple, 'S')
    table.director.advanceTicks(5)
    for (let i = 0; i < 4 * slots; i++) {
      if (i % 100 === 0) table.director.advanceTicks(1)
      t.match(table.send(table.tuple(), 'S'), /^made/)
    }
    const left = (tuples: readonly Tuple[]) =>
      tuples.filter((tuple) => table.send(tuple, 'A').startsWith('found')).length
    t.equal(left(established), established.length)
    t.equal(left(old), 0)
    t.same(new Set(table.held().values()), new Set([1]))
    t.same(table.counted(), all(table.held().size, established.length))
    while (table.establish(table.tuple()) !== 'refused');
    t.equal(left(established), established.length, 'though all places of one are taken by others like them')
  })
}
