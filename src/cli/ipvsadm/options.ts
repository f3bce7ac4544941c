/** Commands by the names that ipvsadm's messages give them, and the two that need no director. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero'
  | 'help'
  | 'version'

/** What options are called in messages, in the order in which their use is checked: the first wrong one is named. */
export const optionNames = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'sync-maxlen',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
] as const
export type OptionName = (typeof optionNames)[number]

/** One word of the grammar. */
export interface OptionSpec {
  readonly long: string
  readonly short?: string
  readonly argument: 'none' | 'required' | 'optional'
  /** Present in a word that is a command. */
  readonly command?: CommandName
  /** Present in an option that may be given once, and with some commands only. */
  readonly name?: OptionName
  /** Present in what this version refuses, whatever its value. */
  readonly unsupported?: true
}

const command = (
  long: string,
  short: string | undefined,
  name: CommandName,
  argument: 'none' | 'required' = 'none',
): OptionSpec => ({ long, ...(short !== undefined && { short }), argument, command: name })

/** Every command and option of ipvsadm 1.31. */
export const optionSpecs: readonly OptionSpec[] = [
  command('add-service', 'A', 'add-service'),
  command('edit-service', 'E', 'edit-service'),
  command('delete-service', 'D', 'delete-service'),
  command('clear', 'C', 'flush'),
  command('list', 'L', 'list'),
  command('list', 'l', 'list'),
  command('zero', 'Z', 'zero'),
  command('add-server', 'a', 'add-server'),
  command('edit-server', 'e', 'edit-server'),
  command('delete-server', 'd', 'delete-server'),
  command('set', undefined, 'set'),
  command('help', 'h', 'help'),
  command('version', 'v', 'version'),
  command('restore', 'R', 'restore'),
  command('save', 'S', 'save'),
  command('start-daemon', undefined, 'start-daemon', 'required'),
  command('stop-daemon', undefined, 'stop-daemon', 'required'),
  { long: 'tcp-service', short: 't', argument: 'required', name: 'service-address' },
  { long: 'udp-service', short: 'u', argument: 'required', name: 'service-address' },
  { long: 'sctp-service', argument: 'required', name: 'service-address', unsupported: true },
  { long: 'fwmark-service', short: 'f', argument: 'required', name: 'service-address', unsupported: true },
  { long: 'ipv6', short: '6', argument: 'none', unsupported: true },
  { long: 'scheduler', short: 's', argument: 'required', name: 'scheduler' },
  { long: 'persistent', short: 'p', argument: 'optional', name: 'persistent', unsupported: true },
  { long: 'netmask', short: 'M', argument: 'required', name: 'netmask', unsupported: true },
  { long: 'real-server', short: 'r', argument: 'required', name: 'real-server' },
  { long: 'gatewaying', short: 'g', argument: 'none', name: 'forwarding-method' },
  { long: 'ipip', short: 'i', argument: 'none', name: 'forwarding-method' },
  { long: 'masquerading', short: 'm', argument: 'none', name: 'forwarding-method', unsupported: true },
  { long: 'weight', short: 'w', argument: 'required', name: 'weight' },
  { long: 'u-threshold', short: 'x', argument: 'required', name: 'u-threshold' },
  { long: 'l-threshold', short: 'y', argument: 'required', name: 'l-threshold' },
  { long: 'numeric', short: 'n', argument: 'none', name: 'numeric' },
  { long: 'connection', short: 'c', argument: 'none', name: 'connection' },
  { long: 'mcast-interface', argument: 'required', name: 'mcast-interface', unsupported: true },
  { long: 'syncid', argument: 'required', name: 'syncid', unsupported: true },
  { long: 'timeout', argument: 'none', name: 'timeout' },
  { long: 'daemon', argument: 'none', name: 'daemon' },
  { long: 'stats', argument: 'none', name: 'stats' },
  { long: 'rate', argument: 'none', name: 'rate' },
  { long: 'thresholds', argument: 'none', name: 'thresholds' },
  { long: 'persistent-conn', argument: 'none', name: 'persistent-conn' },
  { long: 'nosort', argument: 'none', name: 'nosort' },
  { long: 'sort', argument: 'none' },
  { long: 'exact', short: 'X', argument: 'none', name: 'exact' },
  { long: 'ops', short: 'o', argument: 'none', name: 'ops', unsupported: true },
  { long: 'pe', argument: 'required', name: 'pe', unsupported: true },
  { long: 'sched-flags', short: 'b', argument: 'required', name: 'sched-flags', unsupported: true },
  { long: 'mcast-group', argument: 'required', name: 'mcast-group', unsupported: true },
  { long: 'mcast-port', argument: 'required', name: 'mcast-port', unsupported: true },
  { long: 'mcast-ttl', argument: 'required', name: 'mcast-ttl', unsupported: true },
  { long: 'sync-maxlen', argument: 'required', name: 'sync-maxlen', unsupported: true },
  { long: 'tun-info', argument: 'none', name: 'tun-info' },
  { long: 'tun-type', argument: 'required', name: 'tun-type' },
  { long: 'tun-port', argument: 'required', name: 'tun-port', unsupported: true },
  { long: 'tun-nocsum', argument: 'none', name: 'tun-nocsum', unsupported: true },
  { long: 'tun-csum', argument: 'none', name: 'tun-csum', unsupported: true },
  { long: 'tun-remcsum', argument: 'none', name: 'tun-remcsum', unsupported: true },
]

/** Which options go with a command or tunnel type; those in none of the lists are illegal. */
export interface OptionRules {
  readonly needs?: readonly OptionName[]
  readonly allows?: readonly OptionName[]
  /** At most one of these. */
  readonly oneOf?: readonly OptionName[]
}

const serviceRules: OptionRules = {
  needs: ['service-address'],
  allows: ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'],
}
const tunnelOptions = ['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const
const serverRules: OptionRules = {
  needs: ['service-address', 'real-server'],
  allows: ['forwarding-method', 'weight', 'u-threshold', 'l-threshold', ...tunnelOptions],
}

export const commandRules: Readonly<Record<CommandName, OptionRules>> = {
  'add-service': serviceRules,
  'edit-service': serviceRules,
  'delete-service': { needs: ['service-address'] },
  flush: {},
  list: {
    allows: ['numeric', 'stats', 'rate', 'thresholds', 'persistent-conn', 'nosort', 'syncid', 'exact', 'tun-info'],
    oneOf: ['connection', 'service-address', 'timeout', 'daemon'],
  },
  'add-server': serverRules,
  'delete-server': { needs: ['service-address', 'real-server'] },
  'edit-server': serverRules,
  set: {},
  'start-daemon': { allows: ['mcast-interface', 'syncid', 'mcast-group', 'mcast-port', 'mcast-ttl', 'sync-maxlen'] },
  'stop-daemon': { allows: ['syncid'] },
  restore: {},
  save: { allows: ['numeric'] },
  zero: { allows: ['service-address'] },
  help: {},
  version: {},
}

/** Options that only make sense for some tunnel types: tun-type itself is not among them. */
export const tunnelTypeOptions: readonly OptionName[] = tunnelOptions.slice(1)

export const tunnelTypeRules = {
  ipip: {},
  gue: { needs: ['tun-port'], oneOf: ['tun-nocsum', 'tun-csum', 'tun-remcsum'] },
  gre: { oneOf: ['tun-nocsum', 'tun-csum'] },
} as const satisfies Record<string, OptionRules>
export type TunnelType = keyof typeof tunnelTypeRules
