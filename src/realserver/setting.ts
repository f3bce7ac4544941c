import type { Address } from '../core/address.js'
import { DirectorError } from '../core/errors.js'
import type { Ip } from '../net/ip.js'
import { readLinks } from '../net/links.js'
import { readSysctl, writeSysctl } from '../net/sysctl.js'

/**
 * One thing about this machine that a real server needs: a sysctl, an address, a route. It has a
 * value, which can be read and written, so that start, stop, status and --print are the same for all.
 */
export interface Setting {
  /** What status calls it. Two VIPs share a setting if its name is the same. */
  readonly name: string
  /** The values that serve; the first is the one that start writes. */
  readonly wanted: readonly [string, ...string[]]
  /** The value on a machine where nobody has touched it. */
  readonly initial: string
  read(): Promise<string>
  write(value: string): Promise<void>
  /** The shell command that shows what read gives. */
  readonly query: string
  /** The shell commands that do what write does. */
  commands(value: string): string[]
}

/** Whether a setting has a value that serves. */
export async function isInPlace(setting: Setting): Promise<boolean> {
  return setting.wanted.includes(await setting.read())
}

export function sysctlSetting(name: string, wanted: Setting['wanted']): Setting {
  return {
    name: `sysctl ${name}`,
    wanted,
    initial: '0',
    query: `sysctl ${name}`,
    read: async () => (await readSysctl(name)) ?? 'absent',
    write: (value) => writeSysctl(name, value),
    commands: (value) => [`sysctl -w ${name}=${value}`],
  }
}

/**
 * VIP/32 on an interface. The label makes it visible to ifconfig and says whose it is; several VIPs may have it.
 */
export function addressSetting(ip: Ip, vip: Address, device: string): Setting {
  return ipSetting(ip, {
    name: `address ${vip}/32 on ${device}`,
    present: `address add ${vip}/32 dev ${device} label ${device}:xlvs`,
    absent: `address del ${vip}/32 dev ${device}`,
    query: `address show dev ${device} to ${vip}/32`,
    isPresent: async () => {
      const addresses = await readAddresses(ip)
      return addresses.some((held) => held.device === device && held.local === vip && held.prefixlen === 32)
    },
  })
}

/** The host route that goes with a VIP. */
export function routeSetting(ip: Ip, vip: Address, device: string): Setting {
  return ipSetting(ip, {
    name: `route ${vip} dev ${device}`,
    present: `route add ${vip}/32 dev ${device}`,
    absent: `route del ${vip}/32 dev ${device}`,
    query: `route show ${vip}/32 dev ${device}`,
    isPresent: async () =>
      (await ip.query<{ dev?: string }>('route', 'show', `${vip}/32`)).some(({ dev }) => dev === device),
  })
}

/** An interface that is up. */
export function linkUpSetting(ip: Ip, device: string): Setting {
  return ipSetting(ip, {
    name: `link ${device} up`,
    present: `link set ${device} up`,
    absent: `link set ${device} down`,
    query: `link show dev ${device} up`,
    isPresent: async () => (await readLinks(ip)).some(({ name, up }) => name === device && up),
  })
}

interface AddressRow {
  ifname?: string
  addr_info?: { local: Address; prefixlen: number }[]
}

/** An address of this machine, and the interface that has it. */
export interface HeldAddress {
  readonly device: string
  readonly local: Address
  readonly prefixlen: number
}

/** The addresses of this network namespace. */
export async function readAddresses(ip: Ip): Promise<HeldAddress[]> {
  const rows = await ip.query<AddressRow>('address', 'show')
  return rows.flatMap(({ ifname: device = '', addr_info = [] }) =>
    addr_info.map(({ local, prefixlen }) => ({ device, local, prefixlen })),
  )
}

interface IpLines {
  readonly name: string
  /** Arguments of `ip` that make it so, and that show how it is. */
  readonly present: string
  readonly absent: string
  readonly query: string
  isPresent(): Promise<boolean>
}

/** What is there or not. */
function ipSetting(ip: Ip, { name, isPresent, ...lines }: IpLines): Setting {
  const line = (value: string) => (value === 'present' ? lines.present : lines.absent)
  return {
    name,
    wanted: ['present'],
    initial: 'absent',
    query: `ip ${lines.query}`,
    read: async () => ((await isPresent()) ? 'present' : 'absent'),
    write: async (value) => {
      const refusal = await ip.changeAll([line(value)])
      if (refusal !== '') {
        throw new DirectorError('PERMISSION', `ip ${line(value)}: ${refusal}`, { command: line(value) })
      }
    },
    commands: (value) => [`ip ${line(value)}`],
  }
}
