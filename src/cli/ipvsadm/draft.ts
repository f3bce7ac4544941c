import { isIPv4, isIPv6 } from 'node:net'
import type { Forwarding } from '../../core/real-server.js'
import { type HostPort, hostAddress, parseHostPort } from './address.js'
import { ArgumentError } from './errors.js'
import type { Names } from './names.js'
import { parseInteger } from './numbers.js'
import { type OptionName, type OptionSpec, type TunnelType, tunnelTypeRules } from './options.js'

/** A command line as far as it has been read. What later options mean can depend on it: `-r` takes the port of a `-t` before it. */
export interface Draft {
  readonly given: Set<OptionName>
  /** The first thing that ipvsadm has and this version has not, as a sentence's subject. */
  unsupported?: string
  protocol?: 'tcp' | 'udp' | 'sctp'
  service?: HostPort
  /** 0 until `-t` or `-u` names one. */
  vport: number
  fwmark?: number
  ipv6: boolean
  scheduler: string
  schedulerFlags: string
  server?: HostPort
  rport: number
  forwarding: Forwarding
  weight: number
  tunnelType: TunnelType
}

/** ipvsadm's defaults. */
export function emptyDraft(): Draft {
  return {
    given: new Set(),
    vport: 0,
    ipv6: false,
    scheduler: '',
    schedulerFlags: '',
    rport: 0,
    forwarding: 'route',
    weight: 1,
    tunnelType: 'ipip',
  }
}

/** The longest timeout that ipvsadm accepts: 31 days, in seconds. */
export const maxTimeoutS = 31 * 86_400

const int32Max = 0x7fff_ffff
/** IP_VS_SCHEDNAME_MAXLEN without its terminator; ipvsadm cuts longer names. */
const maxSchedulerName = 15

type Handler = (draft: Draft, argument: string, spec: OptionSpec, names: Names) => void | Promise<void>

/** What the options with a meaning of their own do, by long name; the others are only recorded as given. */
const handlers: Readonly<Record<string, Handler>> = {
  'tcp-service': (draft, argument, spec, names) => readService(draft, 'tcp', argument, spec, names),
  'udp-service': (draft, argument, spec, names) => readService(draft, 'udp', argument, spec, names),
  'sctp-service': (draft, argument, spec, names) => readService(draft, 'sctp', argument, spec, names),
  'fwmark-service': (draft, argument) => {
    draft.fwmark = parseInteger(argument, 1, 0xffff_ffff) ?? fail(`invalid fwmark value \`${argument}' specified`)
    draft.service = { family: 4, host: '0.0.0.0' }
  },
  ipv6: (draft) => {
    if (draft.fwmark === undefined) fail('-6 used before -f\n')
    draft.ipv6 = true
    draft.service = { family: 6, host: '::' }
  },
  scheduler: (draft, argument) => {
    draft.scheduler = argument.slice(0, maxSchedulerName)
  },
  'sched-flags': (draft, argument) => {
    draft.schedulerFlags = argument
  },
  netmask: readNetmask,
  'real-server': async (draft, argument, spec, names) => {
    const server = await parseHostPort(argument, draft.protocol, names)
    if (server === undefined) return fail('illegal real server address[:port] specified')
    draft.server = server
    draft.rport = server.port ?? draft.vport
    if (server.family === 6) refuse(draft, `IPv6 address ${server.host} of ${optionText(spec)}`)
  },
  gatewaying: (draft) => {
    draft.forwarding = 'route'
  },
  ipip: (draft) => {
    draft.forwarding = 'tunnel'
  },
  masquerading: (draft) => {
    draft.forwarding = 'masq'
  },
  weight: (draft, argument) => {
    draft.weight = parseInteger(argument, 0, int32Max) ?? fail('illegal weight specified')
  },
  'u-threshold': (draft, argument, spec) => readThreshold(draft, argument, spec, 'illegal u_threshold specified'),
  'l-threshold': (draft, argument, spec) => readThreshold(draft, argument, spec, 'illegal l_threshold specified'),
  'tun-type': (draft, argument) => {
    if (!Object.hasOwn(tunnelTypeRules, argument)) fail('illegal tunnel type specified')
    draft.tunnelType = argument as TunnelType
    if (argument !== 'ipip') refuse(draft, `--tun-type ${argument}`)
  },
  'tun-port': (_draft, argument) => checkInteger(argument, 1, 0xffff, 'illegal tunnel port specified'),
  syncid: (_draft, argument) => checkInteger(argument, 0, 255, 'illegal syncid specified'),
  'mcast-group': (_draft, argument) => checkMulticast(argument),
  'mcast-port': (_draft, argument) => checkInteger(argument, 1, 0xffff, 'illegal mcast-port specified'),
  'mcast-ttl': (_draft, argument) => checkInteger(argument, 1, 255, 'illegal mcast-ttl specified'),
  'sync-maxlen': (_draft, argument) => checkInteger(argument, 1, 0xffff - 28, 'illegal sync-maxlen specified'),
}

/**
 * Reads one option into the draft.
 * @throws ArgumentError where ipvsadm refuses its value or that it is given again.
 */
export async function readOption(
  draft: Draft,
  spec: OptionSpec,
  argument: string | undefined,
  names: Names,
): Promise<void> {
  if (spec.name !== undefined) {
    if (draft.given.has(spec.name)) fail(`multiple '${spec.name}' options specified`)
    draft.given.add(spec.name)
  }
  if (spec.long === 'persistent' && argument !== undefined) parseTimeout(argument, 1)
  await handlers[spec.long]?.(draft, argument ?? '', spec, names)
  if (spec.unsupported) refuse(draft, optionText(spec))
}

/** @throws ArgumentError in ipvsadm's words. */
export function parseTimeout(text: string, least: number): number {
  return parseInteger(text, least, maxTimeoutS) ?? fail(`invalid timeout value \`${text}' specified`)
}

/** An option as the manual page writes it: `-p (--persistent)`. */
export function optionText({ short, long }: OptionSpec): string {
  return short === undefined ? `--${long}` : `-${short} (--${long})`
}

/** Notes what cannot be done; ipvsadm's own complaints about the rest of the line come before it. */
function refuse(draft: Draft, subject: string): void {
  draft.unsupported ??= subject
}

async function readService(
  draft: Draft,
  protocol: 'tcp' | 'udp' | 'sctp',
  text: string,
  spec: OptionSpec,
  names: Names,
): Promise<void> {
  draft.protocol = protocol
  const service = await parseHostPort(text, protocol, names)
  if (service === undefined) return fail('illegal virtual server address[:port] specified')
  draft.service = service
  draft.vport = service.port ?? 0
  if (service.family === 6) refuse(draft, `IPv6 address ${service.host} of ${optionText(spec)}`)
}

async function readNetmask(draft: Draft, text: string, _spec: OptionSpec, names: Names): Promise<void> {
  if (draft.service?.family === 6) {
    const length = Number.parseInt(text, 10)
    if (!(length >= 1 && length <= 128)) fail('illegal ipv6 netmask specified')
  } else if ((await hostAddress(text, names)) === undefined) {
    fail('illegal virtual server persistent mask specified')
  }
}

function readThreshold(draft: Draft, text: string, spec: OptionSpec, complaint: string): void {
  const threshold = parseInteger(text, 0, int32Max) ?? fail(complaint)
  if (threshold > 0) refuse(draft, `${optionText(spec)} ${threshold}`)
}

function checkInteger(text: string, least: number, most: number, complaint: string): void {
  if (parseInteger(text, least, most) === undefined) fail(complaint)
}

function checkMulticast(text: string): void {
  if (text.includes(':')) {
    if (!isIPv6(text) || !/^ff/i.test(text)) fail(`invalid IPv6 mcast-group \`${text}'`)
  } else if (!isIPv4(text) || Number.parseInt(text, 10) >> 4 !== 0xe) {
    fail(`invalid IPv4 mcast-group \`${text}'`)
  }
}

function fail(message: string): never {
  throw new ArgumentError(message)
}
