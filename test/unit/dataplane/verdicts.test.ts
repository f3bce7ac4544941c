import t from 'tap'
import { cpuVerdictsLayout, maps, verdict } from '../../../src/dataplane/tables/layout.gen.js'
import { Verdicts } from '../../../src/dataplane/tables/verdicts.js'
import { MemoryArray } from '../../../src/dataplane/wasm/memory-map.js'

const { size } = cpuVerdictsLayout
/** CPUs that have counters of their own. */
const counted = maps.verdicts.valueSize / size

/** @param packets of a verdict, by CPU. */
function verdictsOf(cpus: number, packets: readonly [cpu: number, verdict: number, packets: bigint][]): Verdicts {
  const { name, keySize, valueSize, maxEntries } = maps.verdicts
  const info = { keySize, valueSize, valueBytes: valueSize, maxEntries }
  const map = new MemoryArray(name, info, Buffer.from(new ArrayBuffer(valueSize)))
  for (const [cpu, number, count] of packets) map.view().setBigUint64(cpu * size + 8 * number, count, true)
  return new Verdicts(map, cpus)
}

t.test('packets of all CPUs', async (t) => {
  const verdicts = verdictsOf(4, [
    [0, verdict.ROUTE_TX, 3n],
    [3, verdict.ROUTE_TX, 2n ** 40n],
    [1, verdict.DROP_TUNNEL_ERROR, 1n],
    [4, verdict.ROUTE_TX, 7n],
  ])
  const packets = verdicts.packets()
  t.equal(packets[verdict.ROUTE_TX], 3 + 2 ** 40, 'a CPU that cannot be has none')
  t.equal(packets[verdict.DROP_TUNNEL_ERROR], 1)
  t.equal(packets[verdict.PASS_NOT_IPV4], 0)
  t.equal(verdicts.packetsOf(3)[verdict.ROUTE_TX], 2 ** 40)
})

t.test('more CPUs than counters', async (t) => {
  const last = verdictsOf(counted + 5, [[counted - 1, verdict.ROUTE_TX, 9n]])
  t.equal(last.packets()[verdict.ROUTE_TX], 9)
})
