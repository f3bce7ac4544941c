import t, { type Test } from 'tap'
import type { RealServer } from '../../src/core/real-server.js'
import type { VirtualService } from '../../src/core/virtual-service.js'
import type { BpfDirector } from '../lib/bpf-director.js'
import { frame } from '../lib/packet.js'
import { seededRandom } from '../lib/random.js'
import { type Dest, KernelRr, type KernelService, KernelWrr } from '../unit/scheduler/kernel-model.js'
import { chosen, openDirector, segment, server, web } from './director-fixture.js'
import { KernelLc, KernelWlc } from './director-least-model.js'

const kernels: Record<string, () => KernelService> = {
  rr: () => new KernelRr(),
  wrr: () => new KernelWrr(),
  lc: () => new KernelLc(),
  wlc: () => new KernelWlc(),
}

/** A service of the director beside one of the model: what is done to one is done to the other. */
class Pair {
  readonly service: VirtualService
  readonly dests = new Map<number, Dest>()
  #servers: RealServer[] = []
  #sport = 1024

  constructor(
    readonly director: BpfDirector,
    readonly kernel: KernelService,
    scheduler: string,
  ) {
    this.service = { ...web, scheduler }
  }

  add(n: number, weight: number): void {
    const dest = { name: String(n), weight, overload: false }
    this.dests.set(n, dest)
    this.kernel.add(dest)
    this.#install([server(n, { weight }), ...this.#servers])
  }

  edit(n: number, weight: number): void {
    this.kernel.edit(this.#dest(n), weight)
    this.#install(this.#servers.map((each) => (each.rip === server(n).rip ? { ...each, weight } : each)))
  }

  delete(n: number): void {
    this.kernel.delete(this.#dest(n))
    this.dests.delete(n)
    this.#install(this.#servers.filter(({ rip }) => rip !== server(n).rip))
  }

  #dest(n: number): Dest {
    const dest = this.dests.get(n)
    if (!dest) throw new Error(`no server ${n}`)
    return dest
  }

  #install(servers: readonly RealServer[]): void {
    this.#servers = [...servers]
    this.director.install(this.service, servers)
  }

  /** A new connection: what the kernel picks and what the director picks; '-' for none. */
  connect(): { readonly expected: string; readonly picked: string; readonly sport: number } {
    const sport = this.#sport++
    const expected = this.kernel.schedule() ?? '-'
    const { verdict, frame } = this.director.send(segment('S', sport))
    return { expected, picked: verdict === 'route_tx' ? String(chosen(frame)) : '-', sport }
  }
}

function open(t: Test, scheduler: string, sets = 256): Pair {
  const kernel = kernels[scheduler]?.()
  if (!kernel) throw new Error(scheduler)
  return new Pair(openDirector(t, { ways: 9, sets }), kernel, scheduler)
}

/** Letters are servers in the order in which they were added; the scheduler is bound to the complete list. */
const vectors: readonly [scheduler: string, weights: readonly number[], picks: string][] = [
  ['rr', [1, 1, 1], 'CBACBACBA'],
  ['rr', [7, 0, 1], 'CACACA'],
  ['wrr', [4, 3, 2], 'ABACBACBAABACBACBA'],
  ['wrr', [1, 2, 4], 'CCCBCBACCCBCBA'],
  ['wrr', [10, 0, 20], 'CCACCA'],
  ['wrr', [5], 'AAAA'],
  ['lc', [1, 1, 1], 'CBACBA'],
  ['lc', [1, 9, 0], 'BABABA'],
  ['wlc', [1, 1, 1], 'CBACBA'],
  ['wlc', [1, 2], 'BABBAB'],
  ['wlc', [3, 0, 1], 'CAAACAAA'],
]

t.test('the documented vectors', async (t) => {
  const director = openDirector(t)
  for (const [i, [scheduler, weights, picks]] of vectors.entries()) {
    const service = { ...web, vport: 1000 + i, scheduler }
    director.install(service, weights.map((weight, i) => server(i + 1, { weight })).toReversed())
    const picked = Array.from(picks, (_, i) => {
      const { frame: out } = director.send(frame({ tcp: { sport: 2000 + i, dport: service.vport } }))
      return 'ABC'[chosen(out) - 1]
    })
    t.equal(picked.join(''), picks, `${scheduler} of weights ${weights}`)
  }
})

for (const [i, scheduler] of Object.keys(kernels).entries()) {
  t.test(`${scheduler} picks as the kernel does while servers come, go and change`, async (t) => {
    const random = seededRandom(1000 + i)
    const below = (limit: number) => Math.floor(random() * limit)
    const pair = open(t, scheduler, 1024)
    const wrong: unknown[] = []
    const log: string[] = []
    let connections = 0
    for (let step = 0; step < 3000; step++) {
      const present = [...pair.dests.keys()]
      const n = present[below(present.length)]
      const action = below(20)
      if (action === 0 && present.length < 8) {
        const absent = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((each) => !present.includes(each))
        const added = absent[below(absent.length)] ?? 1
        const weight = below(7)
        log.push(`+${added}=${weight}`)
        pair.add(added, weight)
      } else if (action === 1 && n !== undefined) {
        const weight = below(7)
        log.push(`${n}=${weight}`)
        pair.edit(n, weight)
      } else if (action === 2 && n !== undefined && below(2) === 0) {
        log.push(`-${n}`)
        pair.delete(n)
      } else {
        const { expected, picked } = pair.connect()
        log.push(picked)
        connections++
        if (expected !== picked) wrong.push({ step, expected, picked, last: log.slice(-30).join(' ') })
      }
      if (wrong.length > 0) break
    }
    t.same(wrong, [])
    t.ok(connections > 2000, `${connections} connections`)
  })
}

t.test('lists of every length up to 40', async (t) => {
  const director = openDirector(t, { ways: 40, sets: 4096 })
  const random = seededRandom(77)
  const wrong: unknown[] = []
  let vport = 0
  for (const scheduler of Object.keys(kernels)) {
    for (let length = 1; length <= 40; length++) {
      const kernel = kernels[scheduler]?.()
      if (!kernel) throw new Error(scheduler)
      const service = { ...web, vport: ++vport, scheduler }
      const weights = Array.from({ length }, () => 1 + Math.floor(random() * 9))
      for (const [i, weight] of weights.entries()) kernel.add({ name: String(i + 1), weight, overload: false })
      if (kernel instanceof KernelWrr) kernel.bind()
      director.install(service, weights.map((weight, i) => server(i + 1, { weight })).toReversed())
      for (let sport = 2000; sport < 2000 + 3 * length; sport++) {
        const picked = String(chosen(director.send(frame({ tcp: { sport, dport: vport } })).frame))
        const expected = kernel.schedule()
        if (picked !== expected) wrong.push({ scheduler, weights: weights.join(), sport, picked, expected })
      }
    }
  }
  t.same(wrong.slice(0, 3), [])
})

t.test('lc and wlc weigh inactive connections too: 256 of them are worth an active one', async (t) => {
  for (const scheduler of ['lc', 'wlc']) {
    const pair = open(t, scheduler)
    pair.add(1, 1)
    pair.add(2, 1)
    const first = pair.connect()
    t.equal(first.picked, '2', 'the newest while all are idle')
    t.equal(pair.connect().picked, '1')
    pair.director.send(segment('F', first.sport))
    t.equal(pair.connect().picked, '2', 'an inactive one costs 1, an active one 256')
    pair.director.send(segment('F', first.sport + 1))
    t.same(pair.director.counts(web), { '10.0.0.2': '1/1', '10.0.0.1': '0/1' })
    t.equal(pair.connect().picked, '1')
    t.equal(pair.connect().picked, '2', '257 against 257 is a tie that the newer wins')
  }
})
