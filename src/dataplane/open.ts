/** Chooses where packets are forwarded, and says why. The only file beside the composition roots that names data planes. */
import { join } from 'node:path'
import type { Clock } from '../core/clock.js'
import { DirectorError, UnsupportedError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'
import { findLink, type Link } from '../net/links.js'
import { Nft } from '../net/nft.js'
import type { Dataplane, Refusal } from './dataplane.js'
import type { DatagramMemory } from './raw/datagram-memory.js'
import { openRaw, removeRaw } from './raw/open.js'
import { openSockets } from './raw/open-sockets.js'
import { readState, stateName } from './raw/state-file.js'
import type { XdpModeChoice } from './xdp/attach.js'
import { openXdp, removeXdp } from './xdp/open.js'
import { Pins } from './xdp/pins.js'

/** auto: the first of the others that runs here. */
export type DataplaneChoice = 'auto' | 'xdp' | 'raw'

export interface OpenOptions {
  readonly choice: DataplaneChoice
  /** Names of the interfaces on which packets arrive. */
  readonly interfaces: readonly string[]
  readonly readLinks: () => Promise<readonly Link[]>
  /** The compiled director.bpf.c. */
  readonly objectPath: string
  /** Both absolute. */
  readonly pinDir: string
  readonly runtimeDir: string
  readonly xdpMode: XdpModeChoice
  /** Connections; undefined for the size that is there, or the default. */
  readonly tableSize: number | undefined
  readonly log: Logger
  readonly clock: Clock
}

export interface OpenedDataplane {
  readonly dataplane: Dataplane
  /** What would be better, and why it is not used. */
  readonly refusals: readonly Refusal[]
  /** In place of close(), for a start that fails later on: what an earlier director left is as it was. */
  abandon(): Promise<void>
}

/**
 * Opens the data plane that was asked for. For auto, the one that has left its services, else XDP in native or else generic
 * mode, else raw sockets; only an UnsupportedError makes it try the next.
 * @throws DirectorError of the one asked for; UNSUPPORTED with all reasons if none runs. Then nothing has changed.
 */
export async function openDataplane(options: OpenOptions): Promise<OpenedDataplane> {
  const { log, xdpMode } = options
  // Who asks for a mode of XDP wants XDP.
  const choice = options.choice === 'auto' && xdpMode !== 'auto' ? 'xdp' : options.choice
  if (choice === 'raw' && xdpMode !== 'auto') {
    const message = `xdp-mode: ${xdpMode} is a mode of XDP, and --dataplane raw has none`
    throw new DirectorError('INVALID', message, { field: 'xdp-mode', value: xdpMode })
  }
  const links = await options.readLinks()
  const interfaces = options.interfaces.map((name) => findLink(links, name, 'interface'))
  if (choice === 'raw') return openRawHere(options, [])
  if (readState(options.runtimeDir, log)?.services) {
    const path = join(options.runtimeDir, stateName)
    if (choice === 'xdp') throw occupied(path, 'raw')
    return openRawHere(options, [{ what: 'XDP', reason: `${path} is there: ${leftBy('raw')}` }])
  }
  try {
    return openXdpHere(options, interfaces)
  } catch (error) {
    // What an earlier run attached goes on forwarding; it is not given up for something slower.
    const runs = new Pins(options.pinDir).complete
    if (choice === 'xdp' || runs || !(error instanceof UnsupportedError)) throw error
    const { capability, reason } = error
    log.warn({ capability, reason }, 'XDP cannot run here: packets are forwarded by raw sockets, more slowly')
    return openRawHere(options, [{ what: capability, reason }])
  }
}

function openXdpHere(options: OpenOptions, interfaces: readonly Link[]): OpenedDataplane {
  const { objectPath, pinDir, xdpMode, tableSize, log, clock } = options
  const opened = openXdp({ objectPath, pinDir, interfaces, xdpMode, tableSize, log, clock })
  return { ...opened, abandon: async () => opened.abandon() }
}

async function openRawHere(options: OpenOptions, refusals: readonly Refusal[]): Promise<OpenedDataplane> {
  const { interfaces, readLinks, runtimeDir, pinDir, tableSize, log, clock } = options
  if (new Pins(pinDir).complete) throw occupied(pinDir, 'xdp')
  const parts = {
    openSockets: (mark: number, memory: DatagramMemory) => openSockets(mark, memory, log),
    nft: new Nft(),
  }
  try {
    return { ...(await openRaw({ interfaces, readLinks, runtimeDir, tableSize, log, clock, ...parts })), refusals }
  } catch (error) {
    if (!(error instanceof UnsupportedError) || refusals.length === 0) throw error
    const reasons = [...refusals, { what: error.capability, reason: error.reason }]
    const text = reasons.map(({ what, reason }) => `${what}: ${reason}`).join('; ')
    throw new UnsupportedError('dataplane', `none can run here: ${text}`, { cause: error })
  }
}

/** The other data plane would be left as it is, with its services, and both would forward or neither. */
function occupied(path: string, name: string): DirectorError {
  return new DirectorError('BUSY', `${path}: ${leftBy(name)}`, { path })
}

function leftBy(name: string): string {
  return `a director with --dataplane ${name} has left its services; 'xlvs down' gives them up`
}

/**
 * Takes what directors left out of the path of packets, and away. What is not there is not missed.
 * @throws DirectorError BUSY while one runs, INVALID for a pin directory that is not in a bpffs.
 */
export async function removeDataplanes(pinDir: string, runtimeDir: string): Promise<void> {
  removeXdp(pinDir)
  await removeRaw(runtimeDir, new Nft())
}
