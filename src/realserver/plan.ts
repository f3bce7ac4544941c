import { execFile } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Address } from '../core/address.js'
import { DirectorError } from '../core/errors.js'
import type { Ip } from '../net/ip.js'
import { findLink, type Link, readLinks } from '../net/links.js'
import { readSysctl, sysctlName } from '../net/sysctl.js'
import { decapSetting } from './decap.js'
import {
  addressSetting,
  type HeldAddress,
  linkUpSetting,
  routeSetting,
  type Setting,
  sysctlSetting,
} from './setting.js'

/**
 * How packets reach this real server: by LVS/DR, by LVS/TUN through the kernel's tunl0, or by LVS/TUN
 * through our own program on an interface.
 */
export type Way =
  | { readonly by: 'route' }
  | { readonly by: 'tunl0' }
  | { readonly by: 'decap'; readonly interface: string }

const fallbackTunnel = 'tunl0'

/** The inode of a network namespace is its name in the kernel. */
export function networkNamespace(): string {
  const name = readlinkSync('/proc/self/ns/net')
  return /\d+/.exec(name)?.[0] ?? name
}

/**
 * The way for what the operator asked for.
 * @param loadModules whether the kernel may be asked to load ipip; otherwise it is only looked whether it could.
 * @throws DirectorError INVALID if the interface named does not exist, or none is named and there is no default route.
 */
export async function chooseWay(
  ip: Ip,
  options: { readonly tunnel: boolean; readonly interface?: string },
  loadModules: boolean,
): Promise<Way> {
  if (options.interface !== undefined) findLink(await readLinks(ip), options.interface, 'interface')
  if (!options.tunnel) return { by: 'route' }
  if (await hasTunnelDevice(ip, loadModules)) return { by: 'tunl0' }
  return { by: 'decap', interface: options.interface ?? (await defaultInterface(ip)) }
}

/** Whether an interface is one on which a real server has its VIPs. */
function holdsVips(device: string): boolean {
  return device === 'lo' || device === fallbackTunnel
}

/**
 * Checks that a VIP is not an address that this machine answers ARP for: then it would take the director's place.
 * @throws DirectorError INVALID naming the interface that has it.
 */
export function checkNotHeld(vip: Address, addresses: readonly HeldAddress[]): void {
  const holder = addresses.find(({ device, local }) => local === vip && !holdsVips(device))
  if (holder === undefined) return
  throw new DirectorError(
    'INVALID',
    `vip: ${vip} is an address of ${holder.device}; a real server has the VIP on lo or ${fallbackTunnel} alone`,
    { field: 'vip', value: vip, interface: holder.device },
  )
}

/**
 * Addresses that are the VIP with another mask than /32, where a real server has it: all of that network is the machine's own
 * then, and it reaches none of its neighbours there.
 */
export function wrongMasks(vip: Address, addresses: readonly HeldAddress[]): readonly HeldAddress[] {
  return addresses.filter(({ device, local, prefixlen }) => local === vip && prefixlen !== 32 && holdsVips(device))
}

/** @throws DirectorError INVALID naming the first of {@link wrongMasks}. */
export function checkMasks(vip: Address, addresses: readonly HeldAddress[]): void {
  const [held] = wrongMasks(vip, addresses)
  if (held === undefined) return
  const { device, prefixlen } = held
  throw new DirectorError(
    'INVALID',
    `vip: ${vip}/${prefixlen} is on ${device}, which makes all of that network local; a real server has the VIP as /32. ` +
      `Take it off first: ip address del ${vip}/${prefixlen} dev ${device}`,
    { field: 'vip', value: vip, interface: device, prefixlen },
  )
}

/** Everything that a real server needs for a VIP, in the order in which it is to be set. */
export async function settingsFor(ip: Ip, vip: Address, way: Way): Promise<Setting[]> {
  if (way.by === 'route') return [...arpSettings('lo'), ...vipSettings(ip, vip, 'lo')]
  if (way.by === 'tunl0') {
    return [
      ...arpSettings(fallbackTunnel),
      await reversePathSetting(fallbackTunnel),
      linkUpSetting(ip, fallbackTunnel),
      ...vipSettings(ip, vip, fallbackTunnel),
    ]
  }
  const link = findLink(await readLinks(ip), way.interface, 'interface')
  return [
    ...arpSettings('lo'),
    await reversePathSetting(link.name),
    decapSetting(link, vip, networkNamespace()),
    ...vipSettings(ip, vip, 'lo'),
  ]
}

/** Shell commands that the settings have no place for: what makes the way possible. */
export function preparations(way: Way): string[] {
  return way.by === 'tunl0' ? ['modprobe ipip'] : []
}

/**
 * Keep the VIP out of ARP: only the director may answer for it (arp_ignore), and nothing sent may say it
 * (arp_announce). The kernel takes the larger of `all` and the interface: Documentation/networking/ip-sysctl.rst.
 */
function arpSettings(device: string): Setting[] {
  return [
    sysctlSetting('net.ipv4.conf.all.arp_ignore', ['1', '2']),
    sysctlSetting(sysctlName('net', 'ipv4', 'conf', device, 'arp_ignore'), ['1', '2']),
    sysctlSetting('net.ipv4.conf.all.arp_announce', ['2']),
    sysctlSetting(sysctlName('net', 'ipv4', 'conf', device, 'arp_announce'), ['2']),
  ]
}

/** The address before the route: the kernel takes routes off a device with its last address. */
function vipSettings(ip: Ip, vip: Address, device: string): Setting[] {
  return [addressSetting(ip, vip, device), routeSetting(ip, vip, device)]
}

/**
 * Packets out of the tunnel have the client's source address, whose way back may be another interface: strict
 * reverse path filtering would drop them. The kernel takes the larger of `all` and the interface, so loose
 * filtering (2) on the interface alone is enough even where `all` is strict, and takes no protection from the others.
 */
async function reversePathSetting(device: string): Promise<Setting> {
  const strict = '1'
  const all = await readSysctl('net.ipv4.conf.all.rp_filter')
  return sysctlSetting(sysctlName('net', 'ipv4', 'conf', device, 'rp_filter'), all === strict ? ['2'] : ['2', '0'])
}

async function hasTunnelDevice(ip: Ip, loadModules: boolean): Promise<boolean> {
  if (isTunnelDevice(await readLinks(ip))) return true
  const isLoadable = await modprobe(loadModules ? ['ipip'] : ['--dry-run', 'ipip'])
  return isLoadable && (!loadModules || isTunnelDevice(await readLinks(ip)))
}

function isTunnelDevice(links: readonly Link[]): boolean {
  return links.some(({ name }) => name === fallbackTunnel)
}

/** False where there is no such module, no modprobe, or no permission: then there is no tunl0 to be had. */
async function modprobe(args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)('modprobe', ['--quiet', ...args])
    return true
  } catch {
    return false
  }
}

async function defaultInterface(ip: Ip): Promise<string> {
  const [route] = await ip.query<{ dev?: string }>('route', 'show', 'default')
  if (route?.dev !== undefined) return route.dev
  throw new DirectorError('INVALID', 'interface: there is no default route to take it from: name one', {
    field: 'interface',
  })
}
