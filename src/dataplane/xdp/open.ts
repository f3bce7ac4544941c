import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  BpfError,
  type BpfMap,
  BpfObject,
  ensureBpffs,
  lockDirectory,
  removeDirectories,
  requireBpffs,
  waitForPrograms,
} from '../../bpf/index.js'
import type { Clock } from '../../core/clock.js'
import { defaultTimeouts } from '../../core/connection.js'
import { DirectorError, UnsupportedError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { requireCapabilities } from '../../net/capabilities.js'
import { requireOwnDirectory } from '../../net/own-directory.js'
import type { Refusal } from '../dataplane.js'
import { configLayout, sharedConstant, maps as specs } from '../tables/layout.gen.js'
import { fromBytes } from '../tables/layout-fields.js'
import { layoutRefusal, leftByAnother, noteBegunAnew } from '../tables/other-build.js'
import { Settings } from '../tables/settings.js'
import { TableDataplane } from '../tables/table-dataplane.js'
import { checkMemory, defaultTableSize, refuseOtherSize, setsFor } from '../tables/table-size.js'
import { Attachments, type Interface, type XdpModeChoice } from './attach.js'
import { type BpfMaps, mapsOf, pinnedMaps, sizeMaps, stagesName } from './maps.js'
import { Pins } from './pins.js'
import { startSweeper } from './sweeper.js'

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

/** What a data plane on the kernel's maps is. */
export const xdp = { name: 'xdp', supports: { survivesProcess: true, deliversLocally: true } }

export interface OpenedXdp {
  readonly dataplane: TableDataplane
  /** Modes that interfaces refused before they took another. */
  readonly refusals: readonly Refusal[]
  /**
   * In place of close(), for a start that fails later on: what an earlier director left goes on forwarding; what this one began
   * goes away.
   */
  abandon(): void
}

/**
 * Loads the programs, takes over the maps of an earlier run or makes new ones, and attaches.
 * @throws DirectorError BUSY if another process has the pins or an interface, INVALID or NO_SPACE for a table size that cannot
 *   be, INCOMPATIBLE if the pinned maps are another version's; UnsupportedError if XDP cannot run; BpfError. Then nothing has
 *   changed.
 */
export function openXdp(options: XdpOptions): OpenedXdp {
  const { pinDir, log, clock } = options
  requireCapabilities('XDP', ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'])
  requireOwnDirectory(pinDir, 'pin-dir')
  const made = ensureBpffs(pinDir)
  const lock = lockDirectory(pinDir)
  if (!lock) {
    throw new DirectorError('BUSY', `${pinDir}: another director has it (one director, one --pin-dir)`, { pinDir })
  }
  const pins = new Pins(pinDir)
  const adopts = pins.complete
  let close = () => lock.release()
  const abandon = () => {
    try {
      if (adopts) return dropStages(pins, log)
      pins.remove()
      removeDirectories(made)
    } finally {
      close()
    }
  }
  try {
    if (adopts) refuseOtherLayout(pins)
    // Left by a start that was cut short.
    else pins.clear()
    pins.create()
    const { object, maps, fresh, anew } = load(options, pins)
    startSweeper(object)
    const { interfaces, xdpMode } = options
    const program = object.program('director')
    const attachments = new Attachments({ program, interfaces, xdpMode, pins, log })
    const stages = object.map(stagesName)
    object.close()
    close = () => {
      attachments.close()
      stages.close()
      lock.release()
    }
    pins.putStages(program.info.id, stages)
    attachments.start()
    pins.putMaps(fresh)
    noteBegunAnew(log, anew)
    attachments.releaseOthers()
    dropStages(pins, log)
    const packets = { nowMs: () => clock.nowMs(), awaitPackets: waitForPrograms }
    const dataplane = new TableDataplane({ ...xdp, maps, clock: packets, interfaces: attachments, close })
    return { dataplane, refusals: attachments.refusals, abandon }
  } catch (error) {
    abandon()
    throw error
  }
}

/** What cannot be given up now is given up by the next start. */
function dropStages(pins: Pins, log: Logger): void {
  try {
    pins.dropStages()
  } catch (err) {
    log.warn({ err }, 'stages that no program uses stay until the next start')
  }
}

interface Loaded {
  readonly object: BpfObject
  readonly maps: BpfMaps
  /** Those of the maps that are not pinned yet. */
  readonly fresh: readonly BpfMap[]
  /** Names of those in whose place there is a pin that is of no use. */
  readonly anew: readonly string[]
}

function load({ objectPath, tableSize, log }: XdpOptions, pins: Pins): Loaded {
  const object = BpfObject.open(objectPath)
  const adopted = pins.complete
  const sets = adopted ? adoptedSets(pins, tableSize) : setsFor(tableSize ?? defaultTableSize)
  if (!adopted) checkMemory(sets)
  const reused = reusableMaps(pins)
  sizeMaps(object, sets)
  for (const { name } of pinnedMaps) if (reused.has(name)) reuse(object, name, pins)
  loadObject(object)
  const maps = mapsOf(object)
  if (!adopted) new Settings(maps.config).initialise(sets, randomBytes(16), defaultTimeouts)
  log.info({ adopted, connections: sets * sharedConstant.SET_SLOTS }, 'connection table ready')
  const fresh = Object.values(maps).filter(
    ({ name }) => !reused.has(name) && pinnedMaps.some((map) => map.name === name),
  )
  return { object, maps, fresh, anew: pins.mapNames().filter((name) => !reused.has(name)) }
}

/** @throws UnsupportedError if the kernel has no such programs, or not for this process. */
function loadObject(object: BpfObject): void {
  try {
    object.load()
  } catch (error) {
    if (!(error instanceof BpfError) || error.code === 'ENOMEM') throw error
    throw new UnsupportedError('XDP', `the kernel refuses the program: ${error.message}`, { cause: error })
  }
}

/** @throws DirectorError INCOMPATIBLE if the structs in the pinned maps are not this build's. */
function refuseOtherLayout(pins: Pins): void {
  const map = pins.openMap(specs.config.name)
  const value = map.lookup(Buffer.alloc(specs.config.keySize)) as Buffer
  map.close()
  const hasVersion = value.length === configLayout.size
  const reason = layoutRefusal(hasVersion ? fromBytes(configLayout, value).layoutVersion : undefined)
  if (reason !== undefined) throw leftByAnother(pins.directory, reason)
}

/** The pinned maps that can go on being used; in place of the others new ones are made. */
function reusableMaps(pins: Pins): ReadonlySet<string> {
  const names = new Set(pins.mapNames())
  const { name, valueSize } = specs.verdicts
  if (!names.has(name)) return names
  const map = pins.openMap(name)
  const before = map.info.valueSize
  map.close()
  // A build with other verdicts cannot go on with the counters by their old numbers. How many there are is all that the kernel
  // remembers of them: with as many, but others, the old counts stand under new names.
  if (before !== valueSize) names.delete(name)
  return names
}

function reuse(object: BpfObject, name: string, pins: Pins): void {
  const map = pins.openMap(name)
  try {
    object.reuseMap(name, map)
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error
    throw leftByAnother(pins.directory, error.message, error.details, { cause: error })
  } finally {
    map.close()
  }
}

/** The table that is there keeps its size: its connections are where the hash put them. */
function adoptedSets(pins: Pins, tableSize: number | undefined): number {
  const { name } = specs.conns
  if (!pins.mapNames().includes(name)) {
    const message = `${pins.directory}: map ${name} is not there, but others are; 'xlvs down' removes them`
    throw new DirectorError('INCOMPATIBLE', message, { map: name })
  }
  const map = pins.openMap(name)
  const sets = map.info.maxEntries
  map.close()
  refuseOtherSize(tableSize, sets)
  return sets
}

/**
 * Takes what a director left at `pinDir` out of the path of packets, and away.
 * @returns false if there was nothing.
 * @throws DirectorError BUSY while a director runs, INVALID for a directory that is not in a bpffs.
 */
export function removeXdp(pinDir: string): boolean {
  if (!existsSync(pinDir)) return false
  // Whatever is elsewhere is no director's, by whatever name.
  requireBpffs(pinDir)
  const lock = lockDirectory(pinDir)
  if (!lock) throw new DirectorError('BUSY', `${pinDir}: a director is running on it`, { pinDir })
  try {
    new Pins(pinDir).remove()
  } finally {
    lock.release()
  }
  return true
}
