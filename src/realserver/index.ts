/**
 * The real server's side of LVS/DR and LVS/TUN: the VIP without ARP, the way out of the tunnel, and
 * all of it undone.
 */
import { type Address, isUnicast, parseAddress } from '../core/address.js'
import { DirectorError } from '../core/errors.js'
import { requireCapabilities } from '../net/capabilities.js'
import { Ip } from '../net/ip.js'
import { apply, inspect, type Piece, remember, restore, undosOf } from './apply.js'
import {
  checkMasks,
  checkNotHeld,
  chooseWay,
  networkNamespace,
  preparations,
  settingsFor,
  type Way,
  wrongMasks,
} from './plan.js'
import { readAddresses } from './setting.js'
import { StateDirectory } from './state.js'

export type { Piece } from './apply.js'

export interface RealServerOptions {
  readonly vip: Address
  /** Packets come by LVS/TUN, not by LVS/DR. */
  readonly tunnel: boolean
  /**
   * Where tunnelled packets come in; default: the interface of the default route. Needed only where the kernel has no
   * tunl0.
   */
  readonly interface?: string
  /** Where what was changed is remembered. */
  readonly runtimeDir: string
}

/**
 * Sets up this machine as a real server of a VIP. Again: repairs what is missing, and still remembers
 * how things were before the first time. If it fails, what it changed is undone.
 * @throws DirectorError INVALID for a bad VIP or interface, or if the VIP is set up in another way, is another interface's
 * address or has another mask than /32; BUSY, PERMISSION. UnsupportedError without CAP_NET_ADMIN.
 */
export async function realServerStart(options: RealServerOptions): Promise<void> {
  const { ip, states, state, others } = open(options)
  requireCapabilities('realserver start', ['CAP_NET_ADMIN'])
  const addresses = await readAddresses(ip)
  checkNotHeld(options.vip, addresses)
  checkMasks(options.vip, addresses)
  const way = await chooseWay(ip, options, true)
  if (state !== undefined && wayText(state.way) !== wayText(way)) {
    throw new DirectorError(
      'INVALID',
      `vip: ${options.vip} is set up already (${wayText(state.way)}, not ${wayText(way)}): stop that first`,
      { field: 'vip', value: options.vip },
    )
  }
  const settings = await settingsFor(ip, options.vip, way)
  const before = await remember(settings, state ? [state.before, ...others] : others)
  states.write({ vip: options.vip, netns: networkNamespace(), way, before })
  try {
    await apply(settings)
  } catch (error) {
    if (state === undefined) {
      await restore(undosOf(settings, before, others))
      states.remove(options.vip)
    }
    throw error
  }
}

/**
 * Undoes what start changed, and nothing else. What other VIPs need stays until the last of them stops; a kernel
 * module that was loaded stays.
 * @throws DirectorError NOT_RUNNING if start was not called for the VIP. UnsupportedError without CAP_NET_ADMIN.
 */
export async function realServerStop(options: RealServerOptions): Promise<void> {
  const { ip, states, state, others } = open(options)
  requireCapabilities('realserver stop', ['CAP_NET_ADMIN'])
  if (state === undefined) {
    throw new DirectorError('NOT_RUNNING', `vip: ${options.vip} was not set up by 'xlvs realserver start'`, {
      field: 'vip',
      value: options.vip,
      file: states.path(options.vip),
    })
  }
  await restore(undosOf(await settingsFor(ip, options.vip, state.way), state.before, others))
  states.remove(options.vip)
}

/** What there is of what a real server of the VIP needs: as it was started, else as the options say. */
export async function realServerStatus(options: RealServerOptions): Promise<Piece[]> {
  const { ip, state } = open(options)
  const way = state?.way ?? (await chooseWay(ip, options, false))
  const pieces = await inspect(await settingsFor(ip, options.vip, way))
  const wrong = wrongMasks(options.vip, await readAddresses(ip)).map(({ device, prefixlen }) => ({
    name: `mask /32 of ${options.vip} on ${device}: it is /${prefixlen}, and all of that network local`,
    ok: false,
    value: `/${prefixlen}`,
  }))
  return [...pieces, ...wrong]
}

/**
 * The shell commands that do on this machine what the function for `verb` does. stop: if it is not known what start
 * did, all that it would have had to do on a fresh machine is undone.
 */
export async function realServerCommands(
  options: RealServerOptions,
  verb: 'start' | 'stop' | 'status',
): Promise<string[]> {
  const { ip, state, others } = open(options)
  const way = state?.way ?? (await chooseWay(ip, options, false))
  const settings = await settingsFor(ip, options.vip, way)
  if (verb === 'status') return settings.map(({ query }) => query)
  if (verb === 'start') {
    return [...preparations(way), ...settings.flatMap((setting) => setting.commands(setting.wanted[0]))]
  }
  const before = state?.before ?? Object.fromEntries(settings.map(({ name, initial }) => [name, initial]))
  return undosOf(settings, before, others).flatMap(({ setting, value }) => setting.commands(value))
}

function wayText(way: Way): string {
  return way.by === 'decap' ? `tunnel on ${way.interface}` : way.by === 'tunl0' ? 'tunnel on tunl0' : 'direct routing'
}

/** 127.0.0.0/8 never leaves a machine (RFC 1122, section 3.2.1.3). */
function isLoopback(address: Address): boolean {
  return address.startsWith('127.')
}

function open({ vip, runtimeDir }: RealServerOptions) {
  parseAddress(vip, 'vip')
  if (!isUnicast(vip)) {
    throw new DirectorError('INVALID', `vip: '${vip}' is not a unicast address`, { field: 'vip', value: vip })
  }
  if (isLoopback(vip)) {
    throw new DirectorError('INVALID', `vip: '${vip}' is a loopback address, which no client can reach`, {
      field: 'vip',
      value: vip,
    })
  }
  const states = new StateDirectory(runtimeDir)
  const state = states.read(vip)
  const netns = networkNamespace()
  if (state !== undefined && state.netns !== netns) {
    throw new DirectorError(
      'INVALID',
      `${states.path(vip)} is about another network namespace: name another runtime directory, or remove it if that namespace has gone`,
      { file: states.path(vip), netns: state.netns },
    )
  }
  const others = states.others(vip).filter((other) => other.netns === netns)
  return { ip: new Ip(), states, state, others: others.map(({ before }) => before) }
}
