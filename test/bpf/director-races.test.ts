/**
 * Races between CPUs, made certain: the other CPU holds a lock, or changes an entry between the look at it
 * and the compare-and-exchange (races.h). director-cpus.test.ts has them by chance, with all the rest.
 */
import t, { type Test } from 'tap'
import type { ConnectionState } from '../../src/core/connection.js'
import { connectionStates } from '../../src/core/connection.js'
import { connLayout, held as heldKinds, serverCountsLayout } from '../../src/dataplane/tables/layout.gen.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import type { TableEntry } from '../lib/table-director.js'
import { openDirector, segment, server, web, webFlow } from './director-fixture.js'

type Entry = TableEntry & { readonly generation: number }

/** Makes the other CPU: it sets the entry's control word at the next compare-and-exchange. */
function otherCpu(director: BpfDirector) {
  const race = new BigUint64Array(director.object.map('race').mmap())
  return {
    turnsInto({ expires, generation, state, held }: Omit<Entry, 'server'>): void {
      const low = (generation << 16) | (connectionStates.indexOf(state) << 8) | held
      race[0] = (BigInt(expires) << 32n) | BigInt(low >>> 0)
      race[1] = 1n
    },
    get hasCome(): boolean {
      return race[1] === 0n
    },
  }
}

/** Bytes of struct conn, and where struct race has the one that is inserted, and after how many words another recycles one. */
const [entrySize, insertedOffset, recyclerOffset] = [connLayout.size, 16, 16 + connLayout.size]

function openRaces(t: Test) {
  const director = openDirector(t, { object: 'director-races', sets: 1 })
  director.install(web, [server(1)])
  return director
}

function setCounts(director: BpfDirector, slot: number, active: number, inactive: number): void {
  new MappedArray(director.maps.serverCounts, serverCountsLayout).set(slot, { active, inactive })
}

/** The counts of the only server against the table's own, entry by entry. */
function checkCounts(t: Test, director: BpfDirector, expected: string): void {
  t.same(director.counts(web), { '10.0.0.1': expected })
  for (const [slot, counts] of director.tally().held) t.same(director.serverCounts(slot), counts, 'as in the table')
}

t.test('while another CPU holds the lock of a tuple nothing is inserted', async (t) => {
  const director = openRaces(t)
  const locks = new Uint32Array(director.object.map('locks').mmap())
  const setAll = (value: number) => locks.fill(value)
  const held = () => locks.filter((word) => word & 1).length
  setAll(1)
  t.equal(director.send(segment('S')).verdict, 'drop_contended')
  t.equal(director.occupied, 0)
  t.equal(director.dataplane.picks(web), 0, 'the scheduler was not asked')
  t.equal(held(), locks.length, 'the lock is not taken away from its holder')
  setAll(0)
  t.equal(director.send(segment('S')).verdict, 'route_tx')
  t.equal(held(), 0, 'and given back')
  setAll(1)
  t.equal(director.send(segment('A')).verdict, 'route_tx', 'packets of connections need none')
  t.equal(director.occupied, 1)
})

for (const [name, other, flags, after, counts] of [
  // The other CPU's packet is taken into account: state and count follow from both.
  ['RST there, FIN here', { state: 'CLOSE', held: heldKinds.INACTIVE }, 'F', 'CLOSE', '0/1'],
  ['FIN there, SYN here', { state: 'FIN_WAIT', held: heldKinds.INACTIVE }, 'S', 'SYN_RECV', '1/0'],
  ['FIN there, RST here', { state: 'FIN_WAIT', held: heldKinds.INACTIVE }, 'R', 'CLOSE', '0/1'],
] as const) {
  t.test(`two packets of a connection at once: ${name}`, async (t) => {
    const director = openRaces(t)
    director.send(segment('S'))
    director.send(segment('A'))
    director.advanceTicks(10)
    const before = director.entry(webFlow())
    t.equal(before.state, 'ESTABLISHED')
    const race = otherCpu(director)
    race.turnsInto({ ...before, ...other, expires: before.expires + 5, generation: 1 })
    // Counts as the other CPU moves them.
    setCounts(director, before.server, 0, 1)
    t.equal(director.send(segment(flags)).verdict, 'route_tx')
    t.ok(race.hasCome)
    t.equal(director.entry(webFlow()).state, after)
    checkCounts(t, director, counts)
  })
}

/** The table, which is one set. */
function onlySet(director: BpfDirector): Buffer {
  return Buffer.from(director.object.map('conns').mmap())
}

/** Where the only entry of a set is. */
function onlySlot(set: Buffer): number {
  return Math.floor(set.findIndex((byte) => byte !== 0) / entrySize)
}

function entryAt(set: Buffer, slot: number): Buffer {
  return set.subarray(slot * entrySize, (slot + 1) * entrySize)
}

/** Makes the other CPU: when a lock is taken next, it has just put an entry, of those in the table, into the first slot. */
function otherInserter(director: BpfDirector) {
  const set = onlySet(director)
  const race = new Uint8Array(director.object.map('race').mmap())
  return {
    /** Takes the only entry out of the table. */
    takesEntry(): void {
      race.set(entryAt(set, onlySlot(set)), insertedOffset)
      set.fill(0)
    },
    get hasCome(): boolean {
      return race[insertedOffset] === 0
    },
  }
}

/** A port whose connection is put into the first slot of the table. */
function portOfFirstSlot(director: BpfDirector): number {
  const set = onlySet(director)
  let port = 50_000
  for (director.send(segment('S', port)); onlySlot(set) !== 0; director.send(segment('S', ++port))) set.fill(0)
  set.fill(0)
  return port
}

t.test('a SYN that comes to two CPUs at once is scheduled once', async (t) => {
  const director = openRaces(t)
  director.send(segment('S'))
  const other = otherInserter(director)
  other.takesEntry()
  const picks = director.dataplane.picks(web)
  t.equal(director.send(segment('S')).verdict, 'route_tx')
  t.ok(other.hasCome, 'the other one was first')
  t.equal(director.occupied, 1)
  t.equal(director.dataplane.picks(web), picks)
  t.equal([...director.dataplane.counters(web)][0]?.traffic.conns, 1)
})

t.test('the slot of an expired connection that another CPU takes for another one is not waited for', async (t) => {
  const director = openRaces(t)
  const set = onlySet(director)
  const other = otherInserter(director)
  const port = portOfFirstSlot(director)
  director.send(segment('S', port))
  const ours = Buffer.from(set)
  director.advance(61)
  set.fill(0)
  director.send(segment('S'))
  const { server: index } = director.entry(webFlow())
  other.takesEntry()
  set.set(ours)
  // As the other CPU leaves them.
  setCounts(director, index, 1, 0)
  t.equal(director.send(segment('S', port)).verdict, 'route_tx')
  t.ok(other.hasCome)
  t.equal(director.entry(webFlow(port)).state, 'SYN_RECV')
  checkCounts(t, director, '2/0')
})

t.test('an entry that is recycled while it is read is not taken for what it was', async (t) => {
  const director = openRaces(t)
  const set = onlySet(director)
  const race = Buffer.from(director.object.map('race').mmap())
  const port = portOfFirstSlot(director)
  director.send(segment('S'))
  const theirs = Buffer.from(entryAt(set, onlySlot(set)))
  set.fill(0)
  director.send(segment('S', port))
  const { server: index } = director.entry(webFlow(port))
  // As the other CPU leaves them.
  setCounts(director, index, 1, 0)
  theirs.copy(race, recyclerOffset + 8)
  // Its addresses and its ports are read, its state not yet.
  race.writeBigUInt64LE(2n, recyclerOffset)
  t.equal(director.send(segment('F', port)).verdict, 'pass_no_conn')
  t.equal(race.readBigUInt64LE(recyclerOffset), 0n, 'the other one has come')
  t.ok(entryAt(set, 0).equals(theirs), 'and its connection is as it was made')
  checkCounts(t, director, '1/0')
})

t.test('an entry that becomes another connection is left alone', async (t) => {
  const director = openRaces(t)
  director.send(segment('S'))
  director.send(segment('A'))
  director.advanceTicks(10)
  const before = director.entry(webFlow())
  const race = otherCpu(director)
  const theirs = { ...before, state: 'SYN_RECV' as ConnectionState, expires: before.expires + 7, generation: 2 }
  race.turnsInto(theirs)
  t.equal(director.send(segment('F')).verdict, 'route_tx')
  t.ok(race.hasCome)
  const { generation: _, ...expected } = theirs
  t.same(director.entry(webFlow()), expected)
  checkCounts(t, director, '1/0')
})

t.test('two SYNs for the tuple of a connection that is over: one makes the new one', async (t) => {
  const director = openRaces(t)
  director.send(segment('S'))
  director.send(segment('F'))
  director.advanceTicks(10)
  const before = director.entry(webFlow())
  t.equal(before.state, 'TIME_WAIT')
  const picks = director.dataplane.picks(web)
  const race = otherCpu(director)
  race.turnsInto({ ...before, state: 'SYN_RECV', held: heldKinds.ACTIVE, expires: before.expires, generation: 2 })
  setCounts(director, before.server, 1, 0)
  t.equal(director.send(segment('S')).verdict, 'route_tx')
  t.ok(race.hasCome)
  t.equal(director.entry(webFlow()).state, 'SYN_RECV')
  t.equal(director.dataplane.picks(web), picks, 'it was not scheduled again')
  checkCounts(t, director, '1/0')
})

t.test(
  'an expired slot that another CPU takes first is given back by that one alone, and the next SYN finds it',
  async (t) => {
    const director = openRaces(t)
    director.send(segment('S'))
    director.send(segment('F'))
    const before = director.entry(webFlow())
    t.equal(before.state, 'TIME_WAIT')
    director.advanceTicks(before.expires - director.nowTicks())
    const race = otherCpu(director)
    race.turnsInto({
      ...before,
      state: 'SYN_RECV',
      held: heldKinds.ACTIVE,
      expires: director.nowTicks() + 100,
      generation: 2,
    })
    setCounts(director, before.server, 1, 0)
    t.equal(director.send(segment('S')).verdict, 'drop_contended')
    t.ok(race.hasCome)
    t.equal(director.send(segment('S')).verdict, 'route_tx')
    t.equal(director.occupied, 1, 'the connection made there is the one')
    checkCounts(t, director, '1/0')
    t.equal(director.dataplane.stats().connections.expired, 0)
  },
)
