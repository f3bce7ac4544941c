import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { BpfError, BpfLink, BpfMap, removeDirectories, waitForPrograms, type XdpMode } from '../../bpf/index.js'
import { DirectorError } from '../../core/errors.js'
import { pinnedMaps } from './maps.js'

/** A link as its pin names it: bpffs allows no dots, which interface names may have, so the name has the index. */
export interface PinnedLink {
  readonly ifindex: number
  readonly mode: XdpMode
}

/** The map that is pinned last: with it the set is complete. */
const lastMap = 'config'
/** Until it takes the place of the map before it. */
const nextSuffix = '-new'
/** Of maps that earlier versions pinned: they are removed, too. */
const formerNames = ['server_traffic']
const currentNames = pinnedMaps.map(({ name }) => name)
/** BPF_LINK_TYPE_XDP, linux/bpf.h. */
const xdpLink = 6
/** Bytes of a name in the kernel. */
const kernelNameBytes = 15
const ownNames = new Set([...currentNames, ...formerNames].flatMap((name) => [name, name + nextSuffix]))

/**
 * What outlives the daemon, in a directory of bpffs: `maps/NAME`, `links/IFINDEX-MODE`, and `stages/ID` for the stages of the
 * programs in the links. While they are there, packets are forwarded.
 */
export class Pins {
  readonly #maps: string
  readonly #links: string
  readonly #stages: string

  constructor(readonly directory: string) {
    this.#maps = join(directory, 'maps')
    this.#links = join(directory, 'links')
    this.#stages = join(directory, 'stages')
  }

  /** Whether a director has finished setting up here. */
  get complete(): boolean {
    return existsSync(this.#mapPath(lastMap))
  }

  /** @throws DirectorError PERMISSION if the file system does not take them. */
  create(): void {
    try {
      for (const directory of this.#directories) mkdirSync(directory, { recursive: true, mode: 0o700 })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const reason = code === 'EROFS' ? 'the file system is read-only' : `${code}; are you root?`
      const message = `${this.directory}: pins cannot be made in it: ${reason}`
      throw new DirectorError('PERMISSION', message, { path: this.directory }, { cause })
    }
  }

  /** Of maps that are a director's, whoever has pinned others beside them. */
  mapNames(): string[] {
    return list(this.#maps).filter((name) => ownNames.has(name))
  }

  openMap(name: string): BpfMap {
    return BpfMap.openPinned(this.#mapPath(name))
  }

  /** Pins maps, each in one step in place of the one that has its name. */
  putMaps(maps: readonly BpfMap[]): void {
    const isLast = ({ name }: BpfMap) => name === lastMap
    for (const map of [...maps.filter((map) => !isLast(map)), ...maps.filter(isLast)]) {
      const next = this.#mapPath(map.name + nextSuffix)
      rmSync(next, { force: true })
      map.pin(next)
      renameSync(next, this.#mapPath(map.name))
    }
  }

  links(): PinnedLink[] {
    return list(this.#links).flatMap((name) => {
      const [, ifindex, mode] = /^([0-9]+)-(native|generic)$/.exec(name) ?? []
      return ifindex === undefined ? [] : { ifindex: Number(ifindex), mode: mode as XdpMode }
    })
  }

  openLink(link: PinnedLink): BpfLink {
    return BpfLink.openPinned(this.#linkPath(link))
  }

  putLink(link: PinnedLink, open: BpfLink): void {
    open.pin(this.#linkPath(link))
  }

  /** Takes the program off the interface. */
  removeLink(link: PinnedLink): void {
    const open = this.openLink(link)
    open.detach()
    unlinkSync(this.#linkPath(link))
    open.close()
  }

  /** Holds the stages of a program, by its number. From then on it can be attached. */
  putStages(programId: number, stages: BpfMap): void {
    stages.pin(join(this.#stages, String(programId)))
  }

  /** Lets go of the stages of programs that are in no link, when the last packet has left them. */
  dropStages(): void {
    const inUse = this.links().map((link) => String(this.#programId(link)))
    const dropped = list(this.#stages).filter((name) => /^[0-9]+$/.test(name) && !inUse.includes(name))
    if (dropped.length === 0) return
    waitForPrograms()
    for (const name of dropped) unlinkSync(join(this.#stages, name))
  }

  /**
   * Takes everything out of the path; links first, so that no packet meets half of it.
   * @throws DirectorError INVALID that names pins with our names that are no director's. They stay, the others are gone.
   */
  clear(): void {
    const foreign = this.#foreign()
    for (const link of this.links()) if (!foreign.includes(this.#linkPath(link))) this.removeLink(link)
    if (foreign.length === 0) this.dropStages()
    for (const path of this.mapNames().map((name) => this.#mapPath(name))) if (!foreign.includes(path)) unlinkSync(path)
    if (foreign.length === 0) return
    const message = `${foreign.join(', ')}: not made by a director, although named so; left as it was`
    throw new DirectorError('INVALID', message, { pins: foreign })
  }

  /** Clears, and takes the directories away. What others have put there stays, in its directories. @throws as clear(). */
  remove(): void {
    try {
      this.clear()
    } finally {
      for (const directory of [...this.#directories, this.directory]) removeDirectories([directory])
    }
  }

  /** Paths of pins that have our names, but not the shape of what a director pins. */
  #foreign(): string[] {
    const maps = this.mapNames().filter((name) => !isOwnMap(this.#mapPath(name), name))
    const links = this.links().filter((link) => !isOwnLink(this.#linkPath(link)))
    return [...maps.map((name) => this.#mapPath(name)), ...links.map((link) => this.#linkPath(link))]
  }

  get #directories(): string[] {
    return [this.#maps, this.#links, this.#stages]
  }

  #programId(pinned: PinnedLink): number {
    const link = this.openLink(pinned)
    const { programId } = link.info
    link.close()
    return programId
  }

  #mapPath(name: string): string {
    return join(this.#maps, name)
  }

  #linkPath({ ifindex, mode }: PinnedLink): string {
    return join(this.#links, `${ifindex}-${mode}`)
  }
}

/** By type and the kernel's name: sizes of keys and values are other ones in other builds, whose maps are removed too. */
function isOwnMap(path: string, pinName: string): boolean {
  const name = pinName.endsWith(nextSuffix) ? pinName.slice(0, -nextSuffix.length) : pinName
  const type = pinnedMaps.find((map) => map.name === name)?.type
  const info = infoOf(() => BpfMap.openPinned(path))
  if (info === undefined || (type !== undefined && info.type !== type)) return false
  // libbpf names a map of variables by its section.
  return [name, `.data.${name}`].some((each) => info.name === each.slice(0, kernelNameBytes))
}

function isOwnLink(path: string): boolean {
  return infoOf(() => BpfLink.openPinned(path))?.type === xdpLink
}

/** What the kernel says of a pin; undefined if it is of another kind. */
function infoOf<T>(open: () => { readonly info: T; close(): void }): T | undefined {
  try {
    const pin = open()
    try {
      return pin.info
    } finally {
      pin.close()
    }
  } catch (error) {
    if (error instanceof BpfError && error.code === 'EINVAL') return undefined
    throw error
  }
}

/** Names of the pins in a directory. */
function list(directory: string): string[] {
  if (!existsSync(directory)) return []
  const entries = readdirSync(directory, { withFileTypes: true })
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
}
