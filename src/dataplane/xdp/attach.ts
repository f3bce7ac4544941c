import { BpfError, type BpfProgram, type XdpMode } from '../../bpf/index.js'
import { UnsupportedError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import type { PinnedLink, Pins } from './pins.js'

/** Where XDP runs: auto is native where the driver can, else generic. */
export const xdpModes = ['auto', 'native', 'generic'] as const
export type XdpModeChoice = (typeof xdpModes)[number]

/** An interface to forward on. */
export interface Interface {
  readonly name: string
  readonly ifindex: number
}

/**
 * Puts the program on the interfaces and takes it off all others that have it from an earlier run.
 * Where it runs already it is swapped in one step: each packet meets the old one or the new one.
 * @returns the interfaces with the modes in force.
 * @throws UnsupportedError if an interface can do none of the modes asked for.
 */
export function attachAll(
  program: BpfProgram,
  interfaces: readonly Interface[],
  choice: XdpModeChoice,
  pins: Pins,
  log: Logger,
): { name: string; mode: XdpMode }[] {
  const present = dropDeadLinks(pins)
  const attached = interfaces.map(({ name, ifindex }) => {
    const link = present.find((link) => link.ifindex === ifindex)
    if (link && (choice === 'auto' || choice === link.mode)) {
      pins.openLink(link).update(program)
      log.info({ interface: name, mode: link.mode }, 'program replaced')
      return { name, mode: link.mode }
    }
    if (link) pins.removeLink(link)
    const mode = attach(program, { name, ifindex }, choice, pins, log)
    log.info({ interface: name, mode }, 'program attached')
    return { name, mode }
  })
  for (const link of present) {
    if (interfaces.some(({ ifindex }) => ifindex === link.ifindex)) continue
    pins.removeLink(link)
    log.info({ ifindex: link.ifindex }, 'program taken off an interface that is no longer named')
  }
  return attached
}

/** Links whose interface is gone stay as pins that do nothing. */
function dropDeadLinks(pins: Pins): PinnedLink[] {
  return pins.links().filter((link) => {
    if (pins.openLink(link).info.ifindex === link.ifindex) return true
    pins.removeLink(link)
    return false
  })
}

function attach(
  program: BpfProgram,
  { name, ifindex }: Interface,
  choice: XdpModeChoice,
  pins: Pins,
  log: Logger,
): XdpMode {
  const modes: XdpMode[] = choice === 'auto' ? ['native', 'generic'] : [choice]
  let cause: unknown
  for (const mode of modes) {
    try {
      program.attachXdp(ifindex, mode).pin(pins.linkPath({ ifindex, mode }))
      if (mode === 'generic') {
        log.warn(
          { interface: name },
          'generic mode sees what GRO has joined: turn it off with ethtool -K IFACE gro off lro off',
        )
      }
      return mode
    } catch (error) {
      if (!(error instanceof BpfError)) throw error
      log.warn({ interface: name, mode, reason: error.message }, 'interface refuses the program in this mode')
      cause = error
    }
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new UnsupportedError(`XDP on ${name} (${choice})`, reason, { cause })
}
