import type { SchedulePlan, SequenceSegment } from '../../scheduler/scheduler.js'
import {
  type PlanEntryStruct,
  type PlanSegmentStruct,
  type PlanStruct,
  picker,
  planEntryLayout,
  planLayout,
  planSegmentLayout,
  sharedConstant,
} from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import { IndexPool, type PacketClock, type Region, RegionPool } from './pools.js'
import type { TableMap } from './table-map.js'

export interface PlanMaps {
  readonly plans: TableMap
  readonly planEntries: TableMap
  readonly planSegments: TableMap
}

/** Plans in the arrays of the kernel: each is written anew, never changed, and given back when no service names it. */
export class PlanTable {
  readonly #plans: MappedArray<PlanStruct>
  readonly #entries: MappedArray<PlanEntryStruct>
  readonly #segments: MappedArray<PlanSegmentStruct>
  readonly #planPool: IndexPool
  readonly #entryPool: RegionPool
  readonly #segmentPool: RegionPool

  /** @param inUse indexes of the plans that services name. */
  constructor(maps: PlanMaps, clock: PacketClock, inUse: readonly number[]) {
    this.#plans = new MappedArray(maps.plans, planLayout)
    this.#entries = new MappedArray(maps.planEntries, planEntryLayout)
    this.#segments = new MappedArray(maps.planSegments, planSegmentLayout)
    this.#planPool = new IndexPool('plans', this.#plans.capacity, clock)
    this.#entryPool = new RegionPool('entries of plans', this.#entries.capacity, clock, sharedConstant.PLAN_BLOCK)
    this.#segmentPool = new RegionPool('segments of plans', this.#segments.capacity, clock)
    this.#planPool.adopt(inUse)
    this.#entryPool.adopt(inUse.map((index) => entryRegion(this.#plans.get(index))))
    this.#segmentPool.adopt(inUse.map((index) => segmentRegion(this.#plans.get(index))))
  }

  /**
   * Writes a plan that no service names yet.
   * @param slotOf slot of a server by its position in the service's list.
   * @param unresolved servers that the plan leaves out for want of a way to them.
   * @throws DirectorError NO_SPACE; nothing is taken then.
   */
  write(plan: SchedulePlan, slotOf: (server: number) => number, unresolved: number): number {
    const entries = entriesOf(plan)
    const segments = plan.pick === 'sequence' ? plan.segments : []
    const index = this.#planPool.allocate()
    const taken: (() => void)[] = [() => this.#planPool.release(index, false)]
    try {
      const firstEntry = this.#entryPool.allocate(entries.length)
      taken.push(() => this.#entryPool.release({ first: firstEntry, count: entries.length }, false))
      const firstSegment = this.#segmentPool.allocate(segments.length)
      taken.push(() => this.#segmentPool.release({ first: firstSegment, count: segments.length }, false))
      entries.forEach(({ server, weight }, i) => {
        this.#entries.set(firstEntry + i, { server: slotOf(server), weight })
      })
      this.#writeSegments(segments, firstSegment, firstEntry)
      const start = BigInt(plan.pick === 'sequence' ? plan.start : 0)
      this.#plans.set(index, {
        cursor: start,
        start,
        length: BigInt(plan.pick === 'sequence' ? plan.length : 0),
        picker: plan.pick === 'sequence' ? picker.SEQUENCE : picker.LEAST,
        firstEntry,
        nEntries: entries.length,
        firstSegment,
        nSegments: segments.length,
        nUnresolved: unresolved,
      })
      return index
    } catch (error) {
      for (const giveBack of taken) giveBack()
      throw error
    }
  }

  #writeSegments(segments: readonly SequenceSegment[], firstSegment: number, firstEntry: number): void {
    let at = firstEntry
    segments.forEach(({ start, servers }, i) => {
      this.#segments.set(firstSegment + i, { start: BigInt(start), firstEntry: at, nEntries: servers.length })
      at += servers.length
    })
  }

  /** @param serverOf position in the service's list by slot. */
  read(index: number, serverOf: (slot: number) => number): SchedulePlan {
    const { picker: pick, start, length, firstEntry, nEntries, firstSegment, nSegments } = this.#plans.get(index)
    const entry = (i: number) => this.#entries.get(i)
    if (pick === picker.LEAST) {
      const entries = range(firstEntry, nEntries).map(entry)
      return { pick: 'least', entries: entries.map(({ server, weight }) => ({ server: serverOf(server), weight })) }
    }
    const segments = range(firstSegment, nSegments).map((i) => this.#segments.get(i))
    return {
      pick: 'sequence',
      segments: segments.map((segment) => ({
        start: Number(segment.start),
        servers: range(segment.firstEntry, segment.nEntries).map((i) => serverOf(entry(i).server)),
      })),
      length: Number(length),
      start: Number(start),
    }
  }

  /** In a plan in force: how many servers it leaves out for want of a way to them. */
  setUnresolved(index: number, unresolved: number): void {
    if (this.#plans.get(index).nUnresolved === unresolved) return
    this.#plans.publish(index, planLayout.offsets.nUnresolved, unresolved)
  }

  /** Picks of a sequence since it was written. */
  picks(index: number): number {
    return Number(this.#plans.getBig(index, planLayout.offsets.cursor) - this.#plans.get(index).start)
  }

  /** @param wasSeen false: no service has named it. */
  release(index: number, wasSeen = true): void {
    const plan = this.#plans.get(index)
    this.#entryPool.release(entryRegion(plan), wasSeen)
    this.#segmentPool.release(segmentRegion(plan), wasSeen)
    this.#planPool.release(index, wasSeen)
  }
}

function entriesOf(plan: SchedulePlan): readonly { readonly server: number; readonly weight: number }[] {
  if (plan.pick === 'least') return plan.entries
  return plan.segments.flatMap(({ servers }) => servers.map((server) => ({ server, weight: 1 })))
}

function entryRegion({ firstEntry, nEntries }: PlanStruct): Region {
  return { first: firstEntry, count: nEntries }
}

function segmentRegion({ firstSegment, nSegments }: PlanStruct): Region {
  return { first: firstSegment, count: nSegments }
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}
