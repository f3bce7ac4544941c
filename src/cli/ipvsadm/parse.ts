import type { Command } from '../../api/protocol.js'
import { DirectorError, UnsupportedError } from '../../core/errors.js'
import type { RealServer } from '../../core/real-server.js'
import type { Protocol, ServiceKey } from '../../core/virtual-service.js'
import { checkDraft, defaultScheduler } from './checks.js'
import { type Draft, emptyDraft, optionText, parseTimeout, readOption } from './draft.js'
import { ArgumentError, tryHelp } from './errors.js'
import type { Names } from './names.js'
import { type CommandName, type OptionSpec, optionSpecs } from './options.js'
import { type FoundOption, OptionError, OptionReader } from './popt.js'
import { type Request, type TableStyle, tableViews } from './request.js'

/** A command line that was read: what it asks for, or, well-formed as it is, why this director cannot do it. */
export interface ParsedLine {
  readonly name: CommandName
  readonly request: Request | DirectorError
}

/**
 * Reads ipvsadm's command line (without the program's name).
 * @throws ArgumentError where ipvsadm would exit at once; OptionError for a word that is not in the grammar.
 */
export async function parseCommandLine(argv: readonly string[], names: Names): Promise<ParsedLine> {
  const reader = new OptionReader(argv, optionSpecs)
  const first = firstOption(reader)
  const name = first?.spec.command
  if (first === undefined || name === undefined) throw tryHelp()
  if (name === 'help' || name === 'version') return { name, request: { name, kind: name } }

  const draft = emptyDraft()
  checkDaemonRole(first)
  for (let option = reader.next(); option !== undefined; option = reader.next()) {
    if (option.spec.command !== undefined) throw new ArgumentError(`invalid option \`${option.word}'`)
    await readOption(draft, option.spec, option.argument, names)
  }
  const timeouts = name === 'set' ? takeTimeouts(reader.words) : undefined
  const [unexpected] = reader.words
  if (unexpected !== undefined) throw new ArgumentError(`unexpected argument ${unexpected}`)
  checkDraft(name, draft)

  const unsupported = name.endsWith('-daemon') ? optionText(first.spec) : draft.unsupported
  if (unsupported !== undefined) {
    return { name, request: new UnsupportedError(unsupported, 'not supported by this version of xlvs') }
  }
  return { name, request: timeouts ?? toRequest(name, draft) }
}

function firstOption(reader: OptionReader): FoundOption | undefined {
  try {
    return reader.next()
  } catch (error) {
    throw error instanceof OptionError ? tryHelp() : error
  }
}

function checkDaemonRole({ spec, argument = '' }: { spec: OptionSpec; argument?: string }): void {
  if (spec.argument === 'none' || argument === 'master' || argument === 'backup') return
  // The two messages differ in ipvsadm, too.
  throw new ArgumentError(
    `illegal ${spec.command === 'stop-daemon' ? 'start_daemon' : 'start-daemon parameter'} specified`,
  )
}

/** Takes the three values of --set off the words. */
function takeTimeouts(words: string[]): Request {
  const [tcp, tcpFin, udp] = words.splice(0, 3)
  if (tcp === undefined || tcpFin === undefined || udp === undefined) {
    throw new ArgumentError('--set option requires 3 timeout values')
  }
  const [tcpS, tcpFinS, udpS] = [parseTimeout(tcp, 0), parseTimeout(tcpFin, 0), parseTimeout(udp, 0)]
  return { name: 'set', kind: 'change', change: { type: 'set-timeouts', timeouts: { tcpS, tcpFinS, udpS } } }
}

function toRequest(name: CommandName, draft: Draft): Request | DirectorError {
  const numeric = draft.given.has('numeric')
  if (name === 'save') return { name, kind: 'save', numeric }
  if (name === 'restore') return { name, kind: 'restore' }
  if (name === 'list' && draft.given.has('connection')) {
    return { name, kind: 'list-connections', numeric, persistenceColumns: draft.given.has('persistent-conn') }
  }
  if (name === 'list' && draft.given.has('timeout')) return { name, kind: 'list-timeouts' }
  if (name === 'list' && draft.given.has('daemon')) return { name, kind: 'list-daemons' }

  const key = draft.service === undefined ? undefined : serviceKey(draft)
  // IPVS has port 0 only in persistent services, which the director has not: nothing can be there.
  if (key?.vport === 0) return new DirectorError('NO_SUCH_SERVICE', 'no service has port 0')
  if (name === 'list') return { name, kind: 'list', style: tableStyle(draft), ...(key && { key }) }
  return toChange(name, draft, key)
}

function toChange(name: CommandName, draft: Draft, key: ServiceKey | undefined): Request | DirectorError {
  const change = (change: Command): Request => ({ name, kind: 'change', change })
  switch (name) {
    case 'flush':
      return change({ type: 'flush' })
    case 'zero':
      return change({ type: 'zero', ...(key && { key }) })
    case 'add-service':
    case 'edit-service':
      return change({ type: name, service: { ...present(key), scheduler: draft.scheduler || defaultScheduler } })
    case 'add-server':
    case 'edit-server':
      return change({ type: name, key: present(key), server: realServer(draft) })
    case 'delete-service':
      return change({ type: name, key: present(key) })
    case 'delete-server': {
      const { rport } = draft
      if (rport === 0) return new DirectorError('NO_SUCH_SERVER', 'no real server has port 0')
      return change({ type: name, key: present(key), server: { rip: present(draft.server).host, rport } })
    }
    default:
      throw new Error(`'${name}' changes nothing`)
  }
}

function serviceKey({ protocol, service, vport }: Draft): ServiceKey {
  // Services of other kinds (SCTP, firewall marks) have been refused as unsupported.
  return { protocol: protocol as Protocol, vip: present(service).host, vport }
}

/** The server as it is added: without address translation its port is the service's, whatever -r says (ipvsadm does the same). */
function realServer({ server, vport, forwarding, weight }: Draft): RealServer {
  return { rip: present(server).host, rport: vport, forwarding, weight }
}

/** A value of an option that the command needs, as checkDraft has made sure. */
function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the options of a command were not checked')
  return value
}

function tableStyle({ given }: Draft): TableStyle {
  return {
    view: tableViews.find((view) => given.has(view)) ?? 'services',
    numeric: given.has('numeric'),
    exact: given.has('exact'),
    sorted: !given.has('nosort'),
  }
}
