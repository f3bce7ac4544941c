import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type BpfMap, BpfObject, ensureBpffs, lockDirectory } from '../../bpf/index.js'
import type { Clock } from '../../core/clock.js'
import { defaultTimeouts } from '../../core/connection.js'
import { DirectorError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { attachAll, type Interface, type XdpModeChoice } from './attach.js'
import { sharedConstant, maps as specs } from './layout.gen.js'
import { lastMap, Pins } from './pins.js'
import { Settings } from './settings.js'
import { checkMemory, defaultTableSize, setsFor } from './table-size.js'
import { type DirectorMaps, XdpDataplane } from './xdp-dataplane.js'

export interface XdpOptions {
  /** The compiled director.bpf.c. */
  readonly objectPath: string
  readonly pinDir: string
  readonly interfaces: readonly Interface[]
  readonly xdpMode: XdpModeChoice
  /** Connections; the default is the size of the table that is there, or {@link defaultTableSize}. */
  readonly tableSize: number | undefined
  readonly log: Logger
  readonly clock: Clock
}

/**
 * Loads the programs, takes over the maps of an earlier run or makes new ones, and attaches.
 * @throws DirectorError BUSY if another process has the pins, INVALID or NO_SPACE for a table size that cannot be,
 *   INCOMPATIBLE if the pinned maps are another version's; UnsupportedError if XDP cannot run; BpfError.
 */
export function openXdp(options: XdpOptions): XdpDataplane {
  const { pinDir, log, clock } = options
  ensureBpffs(pinDir)
  const lock = lockDirectory(pinDir)
  if (!lock) {
    throw new DirectorError('BUSY', `${pinDir}: another director has it (one director, one --pin-dir)`, { pinDir })
  }
  const pins = new Pins(pinDir)
  const adopts = pins.complete
  try {
    // Left by a start that was cut short.
    if (!adopts) pins.clear()
    pins.create()
    const { object, maps } = load(options, pins)
    const swept = object.program('start_sweeper').run().retval
    if (swept !== 0) throw new DirectorError('INTERNAL', `the sweeper did not start: ${swept | 0}`)
    const interfaces = attachAll(object.program('director'), options.interfaces, options.xdpMode, pins, log)
    object.close()
    return new XdpDataplane({ maps, clock, interfaces, close: () => lock.release() })
  } catch (error) {
    // What an earlier director left goes on forwarding; what this one began is of no use.
    if (!adopts) pins.remove()
    lock.release()
    throw error
  }
}

function load({ objectPath, tableSize, log }: XdpOptions, pins: Pins): { object: BpfObject; maps: DirectorMaps } {
  const object = BpfObject.open(objectPath)
  const adopted = pins.complete
  const sets = adopted ? adoptedSets(pins, tableSize) : setsFor(tableSize ?? defaultTableSize)
  if (!adopted) checkMemory(sets)
  if (adopted) dropOtherVerdicts(pins, log)
  const pinned = new Set(pins.mapNames())
  for (const { name } of Object.values(specs)) if (pinned.has(name)) object.reuseMap(name, pins.openMap(name))
  if (!adopted) object.setMaxEntries(specs.conns.name, sets)
  object.load()
  const maps = Object.fromEntries(Object.entries(specs).map(([key, { name }]) => [key, object.map(name)])) as Record<
    keyof typeof specs,
    BpfMap
  >
  if (!adopted) new Settings(maps.config).initialise(sets, randomBytes(16), defaultTimeouts)
  const fresh = Object.values(maps).filter(({ name }) => !pinned.has(name) && name !== lastMap)
  for (const map of adopted ? fresh : [...fresh, maps.config]) map.pin(pins.mapPath(map.name))
  log.info({ adopted, connections: sets * sharedConstant.SET_SLOTS }, 'connection table ready')
  return { object, maps }
}

/** A build with other verdicts cannot go on with the counters by their old numbers: they begin at 0 again. */
function dropOtherVerdicts(pins: Pins, log: Logger): void {
  const map = pins.openMap(specs.verdicts.name)
  const { maxEntries } = map.info
  map.close()
  if (maxEntries === specs.verdicts.maxEntries) return
  pins.removeMap(specs.verdicts.name)
  log.info({ before: maxEntries, now: specs.verdicts.maxEntries }, 'verdict counters start anew: this build has others')
}

/** The table that is there keeps its size: its connections are where the hash put them. */
function adoptedSets(pins: Pins, tableSize: number | undefined): number {
  const map = pins.openMap(specs.conns.name)
  const sets = map.info.maxEntries
  map.close()
  if (tableSize !== undefined && setsFor(tableSize) !== sets) {
    throw new DirectorError(
      'INVALID',
      `conn-table-size: ${tableSize} asked for, but the table of the running data plane has ${sets * sharedConstant.SET_SLOTS}; 'xlvs down' first gives up its connections`,
      { field: 'conn-table-size', value: tableSize },
    )
  }
  return sets
}

/**
 * Takes what a director left at `pinDir` out of the path of packets, and away.
 * @returns false if there was nothing.
 * @throws DirectorError BUSY while a director runs.
 */
export function removeXdp(pinDir: string): boolean {
  if (!existsSync(pinDir)) return false
  const lock = lockDirectory(pinDir)
  if (!lock) throw new DirectorError('BUSY', `${pinDir}: a director is running on it`, { pinDir })
  try {
    new Pins(pinDir).remove()
  } finally {
    lock.release()
  }
  return true
}
