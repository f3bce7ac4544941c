import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { BpfLink, BpfMap, type XdpMode } from '../../bpf/index.js'

/** A link as its pin names it: bpffs allows no dots, which interface names may have, so the name has the index. */
export interface PinnedLink {
  readonly ifindex: number
  readonly mode: XdpMode
}

/** The map that is pinned last: with it the set is complete. */
export const lastMap = 'config'

/**
 * What outlives the daemon, in a directory of bpffs: `maps/NAME` and `links/IFINDEX-MODE`. While
 * they are there, packets are forwarded.
 */
export class Pins {
  readonly #maps: string
  readonly #links: string

  constructor(readonly directory: string) {
    this.#maps = join(directory, 'maps')
    this.#links = join(directory, 'links')
  }

  /** Whether a director has finished setting up here. */
  get complete(): boolean {
    return existsSync(join(this.#maps, lastMap))
  }

  create(): void {
    mkdirSync(this.#maps, { recursive: true, mode: 0o700 })
    mkdirSync(this.#links, { recursive: true, mode: 0o700 })
  }

  mapPath(name: string): string {
    return join(this.#maps, name)
  }

  mapNames(): string[] {
    return list(this.#maps)
  }

  openMap(name: string): BpfMap {
    return BpfMap.openPinned(this.mapPath(name))
  }

  removeMap(name: string): void {
    unlinkSync(this.mapPath(name))
  }

  linkPath({ ifindex, mode }: PinnedLink): string {
    return join(this.#links, `${ifindex}-${mode}`)
  }

  links(): PinnedLink[] {
    return list(this.#links).map((name) => {
      const [ifindex, mode] = name.split('-')
      return { ifindex: Number(ifindex), mode: mode === 'native' ? 'native' : 'generic' }
    })
  }

  openLink(link: PinnedLink): BpfLink {
    return BpfLink.openPinned(this.linkPath(link))
  }

  /** Takes the program off the interface. */
  removeLink(link: PinnedLink): void {
    const open = this.openLink(link)
    open.detach()
    unlinkSync(this.linkPath(link))
    open.close()
  }

  /** Takes everything out of the path; links first, so that no packet meets half of it. */
  clear(): void {
    for (const link of this.links()) this.removeLink(link)
    for (const name of this.mapNames()) this.removeMap(name)
  }

  /** Clears, and takes the directories away. */
  remove(): void {
    this.clear()
    for (const directory of [this.#maps, this.#links, this.directory]) if (existsSync(directory)) rmdirSync(directory)
  }
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}
