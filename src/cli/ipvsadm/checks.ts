import type { Draft } from './draft.js'
import { ArgumentError } from './errors.js'
import {
  type CommandName,
  commandRules,
  type OptionName,
  type OptionRules,
  optionNames,
  tunnelTypeOptions,
  tunnelTypeRules,
} from './options.js'

/** Flags of `-b` that belong to one scheduler; flag-1 to flag-3 go with all. */
const schedulerOfFlag: ReadonlyMap<string, string | undefined> = new Map([
  ['flag-1', undefined],
  ['flag-2', undefined],
  ['flag-3', undefined],
  ['sh-fallback', 'sh'],
  ['sh-port', 'sh'],
  ['mh-fallback', 'mh'],
  ['mh-port', 'mh'],
])

export const defaultScheduler = 'wlc'

/**
 * Checks a command line that has been read to its end, in the order in which ipvsadm does.
 * @throws ArgumentError for the first thing that is wrong with it.
 */
export function checkDraft(command: CommandName, draft: Draft): void {
  checkSchedulerFlags(draft)
  checkRules(optionNames, commandRules[command], draft.given, `'${command}' command`)
  if (command === 'add-service' || command === 'edit-service') checkService(draft)
  if (command === 'add-server' || command === 'edit-server') checkServer(draft)
  if (command === 'list') checkList(draft.given)
}

function checkSchedulerFlags({ schedulerFlags, scheduler }: Draft): void {
  for (const flag of schedulerFlags.split(',').filter((text) => text !== '')) {
    if (!schedulerOfFlag.has(flag)) throw new ArgumentError(`invalid scheduler flag \`${flag}'`)
    const owner = schedulerOfFlag.get(flag)
    if (owner !== undefined && owner !== (scheduler || defaultScheduler)) {
      throw new ArgumentError(`incompatible scheduler flag \`${flag}'`)
    }
  }
}

/** ipvsadm's generic_opt_check and tunnel_opt_check. */
function checkRules(
  candidates: readonly OptionName[],
  { needs = [], allows = [], oneOf = [] }: OptionRules,
  given: ReadonlySet<OptionName>,
  what: string,
): void {
  let chosen: OptionName | undefined
  for (const name of candidates) {
    if (!given.has(name)) {
      if (needs.includes(name)) throw new ArgumentError(`You need to supply the '${name}' option for the ${what}`)
    } else if (oneOf.includes(name)) {
      if (chosen !== undefined) {
        throw new ArgumentError(`The option '${name}' conflicts with the '${chosen}' option in the ${what}`)
      }
      chosen = name
    } else if (!needs.includes(name) && !allows.includes(name)) {
      throw new ArgumentError(`Illegal '${name}' option with the ${what}`)
    }
  }
}

function checkService({ fwmark, vport, given, protocol }: Draft): void {
  if (fwmark === undefined && vport === 0 && !given.has('persistent')) {
    throw new ArgumentError('Zero port specified for non-persistent service')
  }
  if (given.has('ops') && fwmark === undefined && protocol !== 'udp') {
    throw new ArgumentError('One-Packet Scheduling is only for UDP virtual services')
  }
}

function checkServer({ forwarding, service, server, given, tunnelType }: Draft): void {
  if (forwarding !== 'tunnel' && service?.family !== server?.family) {
    throw new ArgumentError('Different address family is allowed only for tunneling servers')
  }
  if (forwarding !== 'tunnel' && (given.has('tun-type') || tunnelTypeOptions.some((name) => given.has(name)))) {
    throw new ArgumentError('Tunnel options conflict with forward method')
  }
  checkRules(tunnelTypeOptions, tunnelTypeRules[tunnelType], given, `'${tunnelType}' tunnel type`)
}

function checkList(given: ReadonlySet<OptionName>): void {
  const has = (...names: OptionName[]) => names.some((name) => given.has(name))
  const figures = has('stats', 'rate', 'thresholds')
  if ((has('connection', 'timeout', 'daemon') && figures) || (has('timeout', 'daemon') && has('persistent-conn'))) {
    throw new ArgumentError('options conflicts in the list command')
  }
}
