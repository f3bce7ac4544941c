import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.js'
import { defaultTimeouts } from '../../core/connection.js'
import { DirectorError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import type { Link } from '../../net/links.js'
import type { Nft } from '../../net/nft.js'
import { monotonicTicks } from '../tables/connection-table.js'
import { sharedConstant } from '../tables/layout.gen.js'
import { noteBegunAnew } from '../tables/other-build.js'
import { Settings } from '../tables/settings.js'
import { checkMemory, defaultTableSize, refuseOtherSize, setsFor } from '../tables/table-size.js'
import { DirectorModule } from '../wasm/module.js'
import { DatagramMemory, datagramBytes } from './datagram-memory.js'
import type { DatagramSockets } from './datagram-sockets.js'
import { Forwarder } from './forwarder.js'
import { Listening } from './listening.js'
import { lockDirectory, lockName } from './lock.js'
import { RawDataplane } from './raw-dataplane.js'
import { ownMark, removeSilence, Silence } from './silence.js'
import type { Stored } from './snapshot.js'
import { readState, removeState, StateFile, stateName } from './state-file.js'
import { Sweeping } from './sweeping.js'

export interface RawOptions {
  /** Names of the interfaces on which packets arrive. */
  readonly interfaces: readonly string[]
  readonly readLinks: () => Promise<readonly Link[]>
  /** Where the state is kept, absolute and by its one real name; one director has it. */
  readonly runtimeDir: string
  /** Connections; the default is the size of the table that was left, or {@link defaultTableSize}. */
  readonly tableSize: number | undefined
  readonly log: Logger
  readonly clock: Clock
  /** @param mark of what is sent, SO_MARK. @throws UnsupportedError. */
  readonly openSockets: (mark: number, memory: DatagramMemory) => Promise<DatagramSockets>
  readonly nft: Pick<Nft, 'apply' | 'tables'>
  /** The clock of connections, in ticks; the machine's unless a test has another. */
  readonly nowTicks?: () => number
}

export interface OpenedRaw {
  readonly dataplane: RawDataplane
  /** In place of close(), for a start that fails later on: what an earlier director left stays. */
  abandon(): Promise<void>
}

/**
 * Takes over what an earlier process wrote down, and listens.
 * @throws UnsupportedError if raw sockets or nftables cannot be had, DirectorError BUSY if another process has the runtime
 *   directory, INCOMPATIBLE if another version left its state there, INVALID or NO_SPACE for a table size that cannot be. Then
 *   nothing has changed.
 */
export async function openRaw(options: RawOptions): Promise<OpenedRaw> {
  const { interfaces: names, runtimeDir, log, clock, readLinks, nft, nowTicks = monotonicTicks } = options
  const closers: (() => void | Promise<void>)[] = []
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    const lock = await lockDirectory(runtimeDir)
    closers.push(() => lock.release())
    const stored = readState(runtimeDir, log)
    const module = moduleFrom(stored, options)
    const { maps } = module
    const silence = new Silence(nft, runtimeDir, log)
    const sockets = await options.openSockets(ownMark, new DatagramMemory(module))
    closers.push(() => sockets.close())
    const listening = new Listening({ sockets, names, readLinks, log })
    const state = new StateFile(runtimeDir, maps, clock, log)
    closers.push(() => state.discard(stored !== undefined))
    const sweeping = new Sweeping(module, clock, nowTicks)
    closers.push(() => sweeping.stop())
    const forwarder = new Forwarder({ module, sockets, log })
    const close = async () => {
      sweeping.stop()
      listening.close()
      await state.close()
      sockets.close()
      lock.release()
    }
    const supports = { survivesProcess: false, deliversLocally: false }
    const dataplane = new RawDataplane({
      name: 'raw',
      supports,
      maps,
      // A packet is decided in one turn of the event loop.
      clock: { nowMs: () => clock.nowMs(), awaitPackets: () => {} },
      interfaces: listening,
      close,
      forwarder,
      silence,
      state,
      nowTicks,
    })
    const wasSilent = await silence.open(Array.from(dataplane.services(), ({ service }) => service))
    closers.push(async () => {
      if (!wasSilent) await removeSilence(nft, runtimeDir)
    })
    listening.start(await readLinks(), forwarder.take)
    closers.push(() => listening.close())
    noteBegunAnew(log, stored?.anew ?? [])
    return { dataplane, abandon: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** So many slots are looked at in a second, by the process that forwards. */
const largestTable = 1 << 24

function moduleFrom(stored: Stored | undefined, { tableSize, log }: RawOptions): DirectorModule {
  if (tableSize !== undefined && tableSize > largestTable) {
    const message = `conn-table-size: ${tableSize} is more than the ${largestTable} that raw sockets allow`
    throw new DirectorError('INVALID', message, { field: 'conn-table-size', value: tableSize })
  }
  const sets = stored?.sets ?? setsFor(tableSize ?? defaultTableSize)
  refuseOtherSize(tableSize, sets)
  checkMemory(sets)
  const module = new DirectorModule({ sizes: { conns: { maxEntries: sets } }, packetBytes: datagramBytes })
  if (stored) stored.fill(module.maps)
  else new Settings(module.maps.config).initialise(sets, randomBytes(16), defaultTimeouts)
  log.info({ adopted: stored !== undefined, connections: sets * sharedConstant.SET_SLOTS }, 'connection table ready')
  return module
}

/**
 * Takes away what a director with this runtime directory left.
 * @returns false if there was nothing.
 * @throws DirectorError BUSY while one runs.
 */
export async function removeRaw(runtimeDir: string, nft: RawOptions['nft']): Promise<boolean> {
  // The directory of a director without raw sockets may go at any moment.
  const isOurs = [stateName, lockName].some((name) => existsSync(join(runtimeDir, name)))
  if (!isOurs) return removeSilence(nft, runtimeDir)
  const lock = await lockDirectory(runtimeDir)
  try {
    const hadState = removeState(runtimeDir)
    return (await removeSilence(nft, runtimeDir)) || hadState
  } finally {
    lock.release()
  }
}
