import { BpfError, type BpfLink, type BpfProgram, interfaceIndex, type XdpMode } from '../../bpf/index.js'
import { DirectorError, UnsupportedError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import type { Refusal } from '../dataplane.js'
import type { Interfaces } from '../tables/table-dataplane.js'
import type { PinnedLink, Pins } from './pins.js'

/** Where XDP runs: auto is native where the driver can, else generic. */
export const xdpModes = ['auto', 'native', 'generic'] as const
export type XdpModeChoice = (typeof xdpModes)[number]

/** An interface to forward on. */
export interface Interface {
  readonly name: string
  readonly ifindex: number
}

interface Attachment extends Interface {
  readonly mode: XdpMode
  readonly link: BpfLink
}

export interface AttachmentsParts {
  readonly program: BpfProgram
  readonly interfaces: readonly Interface[]
  readonly xdpMode: XdpModeChoice
  readonly pins: Pins
  readonly log: Logger
}

/** The program on its interfaces: put there at the start, found again when an interface comes back. */
export class Attachments implements Interfaces {
  readonly #parts: AttachmentsParts
  readonly #attached = new Map<string, Attachment>()
  /** Modes that interfaces refused, and why. */
  readonly refusals: Refusal[] = []
  /** Names of interfaces whose going has been logged. */
  readonly #gone = new Set<string>()

  constructor(parts: AttachmentsParts) {
    this.#parts = parts
  }

  /**
   * Puts the program on all interfaces. Where it runs already in the mode asked for it is swapped in one step: each packet meets
   * the old one or the new one. Native and generic mode exclude each other, so a change of mode takes the old link off first.
   * What can be refused comes before what cannot; a refusal puts back what was done.
   * @throws UnsupportedError if an interface can do none of the modes asked for, DirectorError BUSY if it has another program.
   */
  start(): void {
    const { interfaces, xdpMode } = this.#parts
    const present = this.#dropDeadLinks()
    const linkOf = ({ ifindex }: Interface) => present.find((link) => link.ifindex === ifindex)
    const keepsMode = ({ mode }: PinnedLink) => xdpMode === 'auto' || xdpMode === mode
    const undo: (() => void)[] = []
    try {
      for (const each of interfaces) {
        if (linkOf(each)) continue
        undo.push(this.#attachNew(each))
      }
      for (const each of interfaces) {
        const link = linkOf(each)
        if (link && !keepsMode(link)) undo.push(this.#changeMode(each, link))
      }
      for (const each of interfaces) {
        const link = linkOf(each)
        if (link && keepsMode(link)) this.#replaceProgram(each, link)
      }
    } catch (error) {
      for (const step of undo.reverse()) step()
      throw error
    }
  }

  /** Takes the program off interfaces that have it from an earlier run and are no longer named. */
  releaseOthers(): void {
    const { interfaces, pins, log } = this.#parts
    for (const link of pins.links()) {
      if (interfaces.some(({ name }) => this.#attached.get(name)?.ifindex === link.ifindex)) continue
      pins.removeLink(link)
      log.info({ ifindex: link.ifindex }, 'program taken off an interface that is no longer named')
    }
  }

  list(): { name: string; mode: XdpMode | 'gone' }[] {
    return Array.from(this.#attached.values(), (each) => ({ name: each.name, mode: isGone(each) ? 'gone' : each.mode }))
  }

  upkeep(): void {
    const { log } = this.#parts
    for (const each of this.#attached.values()) {
      if (!isGone(each)) continue
      const { name } = each
      if (!this.#gone.has(name)) log.error({ interface: name }, 'interface has gone, and its packets are not forwarded')
      this.#gone.add(name)
      try {
        this.#attachAgain(each)
      } catch (err) {
        log.warn({ err, interface: name }, 'interface is back, but not the program on it; it will be tried again')
      }
    }
  }

  /** Lets go of the links; the pins hold them. */
  close(): void {
    for (const { link } of this.#attached.values()) link.close()
    this.#parts.program.close()
  }

  #attachAgain(dead: Attachment): void {
    const ifindex = interfaceIndex(dead.name)
    if (ifindex === undefined) return
    const { pins } = this.#parts
    if (pins.links().some((link) => link.ifindex === dead.ifindex && link.mode === dead.mode)) pins.removeLink(dead)
    this.#attachNew({ name: dead.name, ifindex })
    dead.link.close()
    this.#gone.delete(dead.name)
  }

  /** Links whose interface is gone stay as pins that do nothing. */
  #dropDeadLinks(): PinnedLink[] {
    const { pins } = this.#parts
    return pins.links().filter((pinned) => {
      const link = pins.openLink(pinned)
      const isAlive = link.info.ifindex === pinned.ifindex
      link.close()
      if (!isAlive) pins.removeLink(pinned)
      return isAlive
    })
  }

  #attachNew(to: Interface): () => void {
    const { xdpMode, log } = this.#parts
    const { mode } = this.#attach(to, xdpMode)
    log.info({ interface: to.name, mode }, 'program attached')
    return () => this.#detach(to.name)
  }

  #changeMode(on: Interface, old: PinnedLink): () => void {
    const { xdpMode, pins, log } = this.#parts
    const restore = () => {
      this.#attach(on, old.mode)
      log.warn({ interface: on.name, mode: old.mode }, 'program is back in the mode of the last run')
    }
    pins.removeLink(old)
    try {
      const { mode } = this.#attach(on, xdpMode)
      log.info({ interface: on.name, from: old.mode, to: mode }, 'program attached in another mode')
    } catch (error) {
      restore()
      throw error
    }
    return () => {
      this.#detach(on.name)
      restore()
    }
  }

  #replaceProgram({ name, ifindex }: Interface, { mode }: PinnedLink): void {
    const { program, pins, log } = this.#parts
    const link = pins.openLink({ ifindex, mode })
    link.update(program)
    this.#attached.set(name, { name, ifindex, mode, link })
    log.info({ interface: name, mode }, 'program replaced')
  }

  #detach(name: string): void {
    const attachment = this.#attached.get(name)
    if (!attachment) return
    this.#parts.pins.removeLink(attachment)
    attachment.link.close()
    this.#attached.delete(name)
  }

  /** In the first of the modes that the interface takes. */
  #attach({ name, ifindex }: Interface, choice: XdpModeChoice): Attachment {
    const { program, log } = this.#parts
    const modes: XdpMode[] = choice === 'auto' ? ['native', 'generic'] : [choice]
    let cause: unknown
    for (const mode of modes) {
      let link: BpfLink
      try {
        link = program.attachXdp(ifindex, mode)
      } catch (error) {
        if (!(error instanceof BpfError)) throw error
        if (error.code === 'EBUSY' || error.code === 'EEXIST') throw occupied(name, error)
        const reason = reasonOf(error)
        log.warn({ interface: name, mode, reason }, 'interface refuses the program in this mode')
        this.refusals.push({ what: `${mode} XDP on ${name}`, reason })
        cause = error
        continue
      }
      const attachment = { name, ifindex, mode, link }
      this.#keep(attachment)
      if (mode === 'generic') {
        log.warn(
          { interface: name },
          'generic mode sees what GRO has joined: turn it off with ethtool -K IFACE gro off lro off',
        )
      }
      return attachment
    }
    const reason = cause instanceof BpfError ? reasonOf(cause) : String(cause)
    throw new UnsupportedError(`XDP on ${name} (${choice})`, reason, { cause })
  }

  #keep(attachment: Attachment): void {
    try {
      this.#parts.pins.putLink(attachment, attachment.link)
    } catch (error) {
      attachment.link.close()
      throw error
    }
    this.#attached.set(attachment.name, attachment)
  }
}

/** What drivers refuse for, in words; the rest says the kernel. */
const reasons: Readonly<Record<string, string>> = {
  EOPNOTSUPP: 'the driver has no XDP',
  ENOTSUPP: 'the driver has no XDP',
  EPERM: 'it is not permitted',
  ERANGE: 'the MTU is too large for the driver',
  ENOMEM: 'there is no memory left',
}

function reasonOf(error: BpfError): string {
  const words = reasons[error.code]
  return words ? `${words} (${error.code})` : error.message
}

function isGone({ link }: Attachment): boolean {
  return link.info.ifindex === 0
}

function occupied(name: string, cause: BpfError): DirectorError {
  const message = `another XDP program is attached to ${name} ('ip link show ${name}' names it)`
  return new DirectorError('BUSY', message, { interface: name }, { cause })
}
