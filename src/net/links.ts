import { DirectorError } from '../core/errors.js'
import type { Ip } from './ip.js'

/** A network interface. */
export interface Link {
  readonly name: string
  readonly ifindex: number
  /** Largest IP packet, in bytes. */
  readonly mtu: number
  /** Set up by the administrator; says nothing about a cable. */
  readonly up: boolean
  /** Hardware address of an Ethernet-like interface; others (tunnels, point-to-point) have none. */
  readonly mac?: string
  /** Name of the interface that it is on: of a macvlan or VLAN device. */
  readonly parent?: string
  /** Name of the bridge or bond that it is a port of. */
  readonly master?: string
}

interface LinkRow {
  ifindex: number
  ifname: string
  mtu: number
  flags: string[]
  link_type: string
  address?: string
  link?: string
  master?: string
}

/** The interfaces of this network namespace. */
export async function readLinks(ip: Ip): Promise<Link[]> {
  return (await ip.query<LinkRow>('link', 'show')).map(
    ({ ifname, ifindex, mtu, flags, link_type, address, link, master }) => ({
      name: ifname,
      ifindex,
      mtu,
      up: flags.includes('UP'),
      ...(link_type === 'ether' && address !== undefined && { mac: address }),
      ...(link !== undefined && { parent: link }),
      ...(master !== undefined && { master }),
    }),
  )
}

/**
 * Hardware addresses that frames for this machine have on some interfaces: theirs, those of devices on them (keepalived's
 * use_vmac makes such), and those of the bridges or bonds that they are ports of.
 */
export function ownMacs(links: readonly Link[], interfaces: readonly string[]): string[] {
  const named = links.filter(({ name }) => interfaces.includes(name))
  const bases = new Set([...interfaces, ...named.flatMap(({ master }) => master ?? [])])
  const own = links.filter(({ name, parent }) => bases.has(name) || (parent !== undefined && bases.has(parent)))
  return [...new Set(own.flatMap(({ mac }) => mac ?? []))].sort()
}

/**
 * The interface of a name that somebody typed.
 * @throws DirectorError INVALID, naming `field` and the interfaces that exist.
 */
export function findLink(links: readonly Link[], name: string, field: string): Link {
  const link = links.find((candidate) => candidate.name === name)
  if (link) return link
  const names = links.map((candidate) => candidate.name)
  throw new DirectorError('INVALID', `${field}: there is no interface '${name}' (there are: ${names.join(', ')})`, {
    field,
    value: name,
    allowed: names,
  })
}
