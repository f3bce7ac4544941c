import { throws } from 'node:assert/strict'
import t from 'tap'
import { verdict } from '../../../src/dataplane/tables/layout.gen.js'
import type { MemoryMaps } from '../../../src/dataplane/wasm/module.js'
import { dns, segment, server, wayTo, web, webFlow } from '../../bpf/director-fixture.js'
import { checkoutFile } from '../../lib/checkout.js'
import { breakMap, ModuleDirector } from '../../lib/module-director.js'
import { seededRandom } from '../../lib/random.js'

function moduleDirector(): ModuleDirector {
  const director = new ModuleDirector()
  director.dataplane.setNextHop('10.0.0.1', wayTo(1))
  director.install(web, [server(1)])
  return director
}

/** Words of locks that are taken. */
function locked({ maps }: ModuleDirector): number {
  const { buffer, byteOffset, byteLength } = maps.locks.view()
  return new Uint32Array(buffer, byteOffset, byteLength / 4).filter((word) => word & 1).length
}

for (const [what, name] of [
  ['under the lock', 'plans'],
  ['with a slot that is being filled', 'realServers'],
] as const satisfies readonly [string, keyof MemoryMaps][]) {
  t.test(`a trap ${what}: the next packet goes its way`, async (t) => {
    const director = moduleDirector()
    const mend = breakMap(director.module, director.maps[name])
    for (let packets = 1; packets <= 3; packets++) {
      t.throws(() => director.send(segment('S')), { name: 'RuntimeError', message: /out of bounds/ })
      t.equal(director.dataplane.stats().verdicts.get('drop_fault'), packets)
    }
    mend()
    t.equal(locked(director), 0)
    t.equal(director.occupied, 0)
    t.same(director.counts(web), { '10.0.0.1': '0/0' })

    t.equal(director.send(segment('S')).verdict, 'route_tx')
    t.equal(director.entry(webFlow()).state, 'SYN_RECV')
    t.same(director.counts(web), { '10.0.0.1': '1/0' })
  })
}

t.test('a trap with a slot of either set that is being filled: it is free again', async (t) => {
  const director = new ModuleDirector({ sets: 2 })
  director.dataplane.setNextHop('10.0.0.1', wayTo(1))
  director.install(web, [server(1)])
  for (let sport = 1; sport <= 15; sport++) {
    for (const flags of ['S', 'A', 'A'] as const) director.send(segment(flags, sport))
  }
  const { occupied } = director
  const mend = breakMap(director.module, director.maps.realServers)
  // Some have both sets in one, which may be full.
  for (let sport = 100; sport < 150; sport++) {
    try {
      director.send(segment('S', sport))
    } catch (error) {
      t.match(error, { name: 'RuntimeError', message: /out of bounds/ })
    }
  }
  mend()
  t.ok((director.dataplane.stats().verdicts.get('drop_fault') ?? 0) > 10)
  t.equal(director.occupied, occupied)
})

t.test('tables that are broken themselves: packets are dropped, and the module goes on', async (t) => {
  const director = moduleDirector()
  director.send(segment('S'))
  const mend = breakMap(director.module, director.maps.conns)
  const { batch, memory, packetsAt } = director.module
  const bytes = segment('A')
  for (let i = 0; i < 3; i++) {
    batch.offsets[i] = packetsAt + 1024 * (i + 1)
    batch.lengths[i] = bytes.length
    memory.set(bytes, batch.offsets[i])
  }
  director.module.decide('frames', 3, 1)
  director.module.sweep(1)
  t.match(director.module.takeFaults(), { packets: 3, last: { name: 'RuntimeError' } })
  t.same([...director.module.batch.verdicts.subarray(0, 3)], Array(3).fill(verdict.DROP_FAULT))
  mend()
  t.equal(director.send(segment('A')).verdict, 'route_tx')
})

t.test('keys and values of another size are refused, as by maps of the kernel', async (t) => {
  const { vips, realServers } = moduleDirector().maps
  t.throws(() => vips.update(Buffer.alloc(15), Buffer.alloc(4)), RangeError)
  t.throws(() => vips.update(Buffer.alloc(16), Buffer.alloc(5)), RangeError)
  t.throws(() => vips.lookup(Buffer.alloc(17)), RangeError)
  t.throws(() => vips.delete(Buffer.alloc(17)), RangeError)
  t.throws(() => realServers.update(Buffer.alloc(4), Buffer.alloc(100)), RangeError)
  t.throws(() => realServers.lookup(Buffer.alloc(8)), RangeError)
})

t.test('traps leave the stack as it was', async (t) => {
  const director = moduleDirector()
  const mend = breakMap(director.module, director.maps.realServers)
  // More than a stack of 64 KiB has room for.
  for (let i = 0; i < 5000; i++) throws(() => director.send(segment('S')))
  mend()
  t.equal(director.send(segment('S')).verdict, 'route_tx')
})

t.test('a hash map does what a Map does', async (t) => {
  const maxEntries = 64
  const { maps } = new ModuleDirector({ sizes: { vips: { maxEntries } } })
  const random = seededRandom(1)
  const model = new Map<number, number>()
  const keys = Array.from({ length: 80 }, () => Math.floor(random() * 2 ** 32))
  const bytes = (number: number, size = 4) => {
    const all = Buffer.alloc(size)
    all.writeUInt32LE(number, size - 4)
    return all
  }
  const keyOf = (number: number) => bytes(number, 16)
  for (let i = 0; i < 10_000; i++) {
    const key = keys[Math.floor(random() * keys.length)] ?? 0
    if (random() < 0.4) {
      if (maps.vips.delete(keyOf(key)) !== model.delete(key)) t.fail(`step ${i}: ${key} deleted`)
    } else if (model.has(key) || model.size < maxEntries) {
      maps.vips.update(keyOf(key), bytes(i))
      model.set(key, i)
    } else {
      throws(() => maps.vips.update(keyOf(key), bytes(i)), /room for 64 entries/)
    }
    const wrong = keys.filter((each) => maps.vips.lookup(keyOf(each))?.readUInt32LE() !== model.get(each))
    if (wrong.length > 0) t.fail(`step ${i}: keys ${wrong}`)
  }
  const { count, keys: all, values } = maps.vips.lookupAll()
  const entries = Array.from(
    { length: count },
    (_, i) => [all.readUInt32LE(16 * i + 12), values.readUInt32LE(4 * i)] as const,
  )
  t.same(new Map(entries), model)
})

t.test('a module that cannot be used is said to be so', async (t) => {
  const directory = t.testdir({ 'damaged.wasm': 'no module' })
  const open = (path: string) => new ModuleDirector({ path })
  t.throws(() => open(`${directory}/damaged.wasm`), { code: 'UNSUPPORTED', message: /damaged\.wasm: it is damaged/ })
  t.throws(() => open(`${directory}/none.wasm`), { code: 'UNSUPPORTED', message: /none\.wasm: it cannot be read/ })
  const small = checkoutFile('build/test/bpf/director-small.wasm')
  t.throws(() => open(small), { code: 'UNSUPPORTED', message: /small\.wasm: its tables are not those of this build/ })
})

t.test('services of a module are found by packets, also when others come and go', async (t) => {
  const director = moduleDirector()
  director.install(dns, [server(1, { rport: 53 })])
  for (let vport = 1000; vport < 1300; vport++) director.install({ ...web, vport }, [server(1)])
  for (let vport = 1000; vport < 1300; vport += 2) director.remove({ ...web, vport })
  t.equal(director.send(segment('S')).verdict, 'route_tx')
  t.equal([...director.dataplane.services()].length, 152)
})
