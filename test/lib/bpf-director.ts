/**
 * director.bpf.c as it is built for tests: in the kernel, on maps of its own, with a clock that
 * stands until it is moved. Frames go in by BPF_PROG_TEST_RUN.
 */
import { BpfObject, type BpfProgram, type TestRunResult, xdpActions } from '../../src/bpf/index.js'
import { maps as specs, verdictNames } from '../../src/dataplane/tables/layout.gen.js'
import type { DirectorMaps } from '../../src/dataplane/tables/table-dataplane.js'
import { Verdicts } from '../../src/dataplane/tables/verdicts.js'
import { type BpfMaps, mapsOf, sizeMaps } from '../../src/dataplane/xdp/maps.js'
import { checkoutFile } from './checkout.js'
import { type Sent, TableDirector } from './table-director.js'

export interface BpfDirectorOptions {
  /** Sets of the connection table, a power of two; each has 8 slots. */
  readonly sets?: number
  /** `director-races`: another CPU comes between (test/bpf/races.h); `-small`: with small tables; `conn-tables`: with an IPv6 one of as many sets. Default: `director`. */
  readonly object?: 'director' | 'director-races' | 'director-small' | 'conn-tables'
  /** What the clock shows at first, in ticks. */
  readonly startTick?: number
  /** Entries of maps that shall be smaller than bpf/config.h has them. */
  readonly capacities?: Partial<Record<keyof DirectorMaps, number>>
}

export class BpfDirector extends TableDirector<BpfMaps> {
  readonly object: BpfObject
  readonly program: BpfProgram
  readonly #verdicts: Verdicts

  constructor({ object: name = 'director', sets = 128, startTick = 1000, capacities = {} }: BpfDirectorOptions = {}) {
    const object = BpfObject.open(checkoutFile(`build/test/bpf/${name}.bpf.o`))
    sizeMaps(object, sets)
    if (name === 'conn-tables') object.setMaxEntries('conns6', sets)
    for (const [map, entries] of Object.entries(capacities)) {
      object.setMaxEntries(specs[map as keyof DirectorMaps].name, entries)
    }
    object.load()
    super('xdp', keepingViews(mapsOf(object)), startTick)
    this.object = object
    this.program = object.program('director')
    this.#verdicts = new Verdicts(this.maps.verdicts, this.maps.serverLanes.info.maxEntries)
  }

  close(): void {
    this.object.close()
  }

  /** Gives a frame to the program; the default interface is loopback, number 1. */
  run(data: Uint8Array, ingressIfindex?: number): TestRunResult {
    return this.program.testRun({ data, ...(ingressIfindex !== undefined && { ingressIfindex }) })
  }

  /**
   * {@link run}, and the verdict.
   * @throws Error unless the packet was given one verdict, the action is the verdict's, and a packet for the kernel came out as it went in.
   */
  override send(data: Uint8Array, ingressIfindex?: number): Sent {
    const before = this.#verdicts.packets()
    const { retval, data: out } = this.run(data, ingressIfindex)
    const counted = this.#verdicts.packets().flatMap((packets, i) => {
      const more = packets - (before[i] ?? 0)
      return more === 0 ? [] : [{ verdict: verdictNames[i]?.toLowerCase() ?? '', more }]
    })
    const [{ verdict, more } = { verdict: 'none', more: 0 }] = counted
    if (counted.length !== 1 || more !== 1) throw new Error(`one packet was counted as ${JSON.stringify(counted)}`)
    if (retval !== xdpActions[actionOf(verdict)]) throw new Error(`${verdict}: the program returned ${retval}`)
    if (retval === xdpActions.pass && Buffer.compare(out, data) !== 0) {
      throw new Error(`${verdict}: the packet was changed from ${Buffer.from(data).toString('hex')}`)
    }
    return { verdict, frame: out }
  }
}

function actionOf(verdict: string): keyof typeof xdpActions {
  if (/^(pass|malformed)_/.test(verdict)) return 'pass'
  if (/^drop_/.test(verdict)) return 'drop'
  return verdict.endsWith('_redirect') ? 'redirect' : 'tx'
}

/** Maps that are mapped once: a restarted director is in the same process, and its memory would be there until it is collected. */
function keepingViews(maps: BpfMaps): BpfMaps {
  for (const map of Object.values(maps)) {
    const views = new Map<string, DataView>()
    const open = map.view.bind(map)
    map.view = (...part) => {
      const view = views.get(part.join()) ?? open(...part)
      views.set(part.join(), view)
      return view
    }
    map.unview = () => {}
  }
  return maps
}
