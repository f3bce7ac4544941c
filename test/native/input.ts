/** Inputs of test/native/fuzz.c, where the steps are explained. */
import type { forward, picker } from '../../src/dataplane/tables/layout.gen.js'

type ValueOf<T> = T[keyof T]

/** enum step of fuzz.c. */
const steps = {
  frame: 0,
  again: 1,
  service: 2,
  noService: 3,
  plan: 4,
  server: 5,
  hop: 6,
  macs: 7,
  timeout: 8,
  time: 9,
  sweep: 10,
  write: 11,
} as const

/** Tables that `write` writes to, in the order of write_word() in tables.h. */
const tables = ['plans', 'planEntries', 'planSegments', 'realServers', 'serverLanes', 'nextHops', 'config'] as const

/** must_fit_choices of send.h. */
const mustFitChoices = [Number.POSITIVE_INFINITY, 0, 576, 1500] as const

/** How a frame arrives. */
export interface How {
  /** Whether its checksums are made right first. Default: no. */
  readonly mend?: boolean
  /** By interface 2. Default: by 1. */
  readonly elsewhere?: boolean
  /** Bytes that the way has to take at least. Default: all. */
  readonly mustFit?: (typeof mustFitChoices)[number]
  /** Free bytes before it, a multiple of 4. Default: 60, the most there can be. */
  readonly headroom?: number
}

const byte = (...values: number[]) => Buffer.from(values)

function word16(value: number): Buffer {
  const word = Buffer.alloc(2)
  word.writeUInt16LE(value & 0xffff)
  return word
}

function word32(value: number): Buffer {
  const word = Buffer.alloc(4)
  word.writeUInt32LE(value >>> 0)
  return word
}

function howByte({ mend = false, elsewhere = false, mustFit = Number.POSITIVE_INFINITY, headroom = 60 }: How): number {
  return Number(mend) | (Number(elsewhere) << 1) | (mustFitChoices.indexOf(mustFit) << 2) | ((headroom / 4) << 4)
}

/** An input of these steps. @param sets of the connection table: 1, 2, 4 or 8. */
export function input(steps: readonly Buffer[], sets = 8): Buffer {
  return Buffer.concat([byte(Math.log2(sets)), ...steps])
}

/** A frame. One longer than 255 bytes has to end in zeros. */
export function frameStep(frame: Buffer, how: How = {}): Buffer {
  const used = frame.findLastIndex((value) => value !== 0) + 1
  const padding = frame.length > 255 ? Math.floor((frame.length - used) / 8) : 0
  const bytes = frame.subarray(0, frame.length - 8 * padding)
  if (bytes.length > 255) throw new RangeError(`${bytes.length} bytes before the zeros: at most 255`)
  return Buffer.concat([byte(steps.frame, howByte(how), padding, bytes.length), bytes])
}

/** The last frame so many times more; `by` is added to its byte `at` before each. */
export function again(at: number, by: number, { times = 1, ...how }: How & { readonly times?: number } = {}): Buffer {
  return byte(steps.again, howByte(how), times, at, by & 0xff)
}

/** @param which place in the list of world.h. */
export const service = (which: number, plan: number) => byte(steps.service, which, plan)
export const noService = (which: number) => byte(steps.noService, which)

/** @param entries servers and weights. */
export function plan(
  index: number,
  pick: ValueOf<typeof picker>,
  entries: readonly (readonly [server: number, weight: number])[],
  { nUnresolved = 0 } = {},
): Buffer {
  return byte(steps.plan, index, pick, nUnresolved, entries.length, ...entries.flat())
}

export function server(
  index: number,
  to: { readonly nextHop?: number; readonly forward: ValueOf<typeof forward>; readonly isAvailable?: boolean },
): Buffer {
  const { nextHop = index, forward, isAvailable = true } = to
  return byte(steps.server, index, nextHop, forward | (Number(isAvailable) << 2))
}

/** The way to 10.0.0.(1 + index). Without an interface it is unknown. */
export function hop(index: number, { ifindex = 1, isLocal = false, mtu = 1500 }): Buffer {
  return Buffer.concat([byte(steps.hop, index, ifindex | (Number(isLocal) << 2)), word16(mtu)])
}

/** @param ticks that they are good for; 0 or less: no longer. */
export const macs = (n: number, ticks: number) => Buffer.concat([byte(steps.macs, n), word16(ticks)])
export const timeout = (state: number, ticks: number) => Buffer.concat([byte(steps.timeout, state), word16(ticks)])
export const time = (ticks: number) => Buffer.concat([byte(steps.time), word32(ticks)])
/** Sweeps an n-th of the table. */
export const sweep = (n: number) => byte(steps.sweep, n)

/** One of the first 256 words of a table. @param offset of it, in bytes. */
export function write(table: (typeof tables)[number], offset: number, value: number): Buffer {
  return Buffer.concat([byte(steps.write, tables.indexOf(table), offset / 4), word32(value)])
}
