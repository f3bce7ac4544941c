/** Two CPUs at once: threads that run the same program on the same maps. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { BpfDirector } from '../lib/bpf-director.js'
import { seededRandom } from '../lib/random.js'
import { pinDirectory } from './addon-fixture.js'
import type { CpuResult, CpuTask } from './director-cpus-worker.js'
import { openDirector, server, web } from './director-fixture.js'
import { type ClientFlow, randomFlows } from './director-flows.js'

type Packets = CpuTask['packets']

/** Gives each list to a thread of its own, in step. @returns packets by action. */
async function runAtOnce(t: Test, director: BpfDirector, lists: readonly Packets[], burst: number): Promise<CpuResult> {
  const programPath = `${pinDirectory(t)}/director`
  director.program.pin(programPath)
  const arrivals = new Int32Array(new SharedArrayBuffer(4))
  const results = await Promise.all(
    lists.map(async (packets) => {
      const workerData: CpuTask = { programPath, packets, burst, workers: lists.length, arrivals }
      const worker = new Worker(new URL('./director-cpus-worker.js', import.meta.url), { workerData })
      const [result] = await once(worker, 'message')
      return result as CpuResult
    }),
  )
  const sum: Record<string, number> = {}
  for (const result of results) {
    for (const [action, packets] of Object.entries(result)) sum[action] = (sum[action] ?? 0) + packets
  }
  return sum
}

function take(count: number, seed: number): ClientFlow[] {
  const flows = randomFlows(seededRandom(seed))[Symbol.iterator]()
  return Array.from({ length: count }, () => flows.next().value as ClientFlow)
}

/** Counts kept by packets against a count of the table, entry by entry. */
function checkCounts(t: Test, director: BpfDirector): number {
  const { occupied, distinct, held } = director.tally()
  t.equal(distinct, occupied, 'no tuple is there twice')
  for (const [slot, counts] of held) t.same(director.serverCounts(slot), counts, `counts of slot ${slot}`)
  t.equal(director.dataplane.stats().connections.inUse, occupied, 'nothing is counted that is not there')
  return occupied
}

t.test('the same SYNs on two CPUs make each connection once, and schedule it once', async (t) => {
  const director = openDirector(t, { sets: 16_384 })
  director.install(web, [server(3), server(2), server(1)])
  const flows = take(24_000, 11)
  const packets = flows.map((flow) => ({ ...flow, flags: 'S' as const }))
  t.same(await runAtOnce(t, director, [packets, packets], 4), { tx: 2 * flows.length })
  t.equal(checkCounts(t, director), flows.length)
  t.equal(director.dataplane.picks(web), flows.length, 'the scheduler picked once for each')
  t.same(director.counts(web), { '10.0.0.3': '8000/0', '10.0.0.2': '8000/0', '10.0.0.1': '8000/0' })
  const [counters] = director.dataplane.counters(web)
  t.match(counters?.traffic, { conns: flows.length, inPackets: 2 * flows.length })
  t.equal(director.dataplane.stats().connections.evicted, 0)
})

t.test('different SYNs for the same few sets', async (t) => {
  const director = openDirector(t, { sets: 4096 })
  director.install({ ...web, scheduler: 'wlc' }, [server(2), server(1)])
  const flows = take(24_000, 12)
  const packets = flows.map((flow) => ({ ...flow, flags: 'S' as const }))
  const lists = [0, 1].map((half) => packets.filter((_, i) => i % 2 === half))
  t.same(await runAtOnce(t, director, lists, 4), { tx: flows.length })
  const { evicted } = director.dataplane.stats().connections
  t.equal(checkCounts(t, director) + evicted, flows.length)
})

t.test('SYNs, FINs and RSTs of the same flows, while slots change hands all the time', async (t) => {
  // One set of 8 slots for 60 flows.
  const director = openDirector(t, { sets: 1 })
  director.install(web, [server(3), server(2), server(1)])
  const flows = take(60, 13)
  const random = seededRandom(14)
  const flags = ['S', 'S', 'S', 'S', 'F', 'R'] as const
  const packets = (): Packets =>
    Array.from({ length: 250_000 }, () => ({
      ...(flows[Math.floor(random() * flows.length)] as ClientFlow),
      flags: flags[Math.floor(random() * flags.length)] ?? 'S',
    }))
  const lists = [packets(), packets()]
  const { tx = 0, pass = 0, drop = 0 } = await runAtOnce(t, director, lists, 250_000)
  t.equal(tx + pass + drop, 500_000)
  t.ok(tx > 1000 && pass > 1000, `${tx} forwarded, ${pass} without a connection, ${drop} without room`)
  t.equal(checkCounts(t, director), 8)
})
