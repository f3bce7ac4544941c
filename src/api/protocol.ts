/**
 * The control socket: a Unix stream socket; each connection carries one request. The one list of requests and their
 * shapes, for the server and for the clients in cli/.
 *
 * A request is one line of JSON, a Request. The answer is lines of JSON, each an AnswerLine; the last has the result or
 * the error, and an answer without it broke off. By hand:
 *
 *   echo '{"request":"status"}' | nc -NU /run/xlvs/xlvs.sock
 */
import type { Connection, Timeouts } from '../core/connection.js'
import type { ErrorCode } from '../core/errors.js'
import type { RealServer, ServerKey } from '../core/real-server.js'
import type { Traffic } from '../core/traffic.js'
import type { ServiceKey, VirtualService } from '../core/virtual-service.js'

/** What can be asked of the director: ipvsadm's verbs. */
export type Command =
  | { readonly type: 'add-service'; readonly service: VirtualService }
  | { readonly type: 'edit-service'; readonly service: VirtualService }
  | { readonly type: 'delete-service'; readonly key: ServiceKey }
  | { readonly type: 'add-server'; readonly key: ServiceKey; readonly server: RealServer }
  | { readonly type: 'edit-server'; readonly key: ServiceKey; readonly server: RealServer }
  | { readonly type: 'delete-server'; readonly key: ServiceKey; readonly server: ServerKey }
  | { readonly type: 'flush' }
  | { readonly type: 'zero'; readonly key?: ServiceKey }
  /** 0 keeps the present value. */
  | { readonly type: 'set-timeouts'; readonly timeouts: Timeouts }

export interface ErrorBody {
  readonly code: ErrorCode
  readonly message: string
}

/** What a client asks for. */
export type Request =
  | { readonly request: 'commands'; readonly commands: readonly Command[] }
  /** All services, or one. */
  | { readonly request: 'services'; readonly key?: ServiceKey }
  | { readonly request: 'connections' }
  | { readonly request: 'timeouts' }
  | { readonly request: 'status' }
  /** Takes the director out of the path; after the answer the process ends. */
  | { readonly request: 'down' }

/** The result of each request. */
export interface Results {
  /** For each command, in order: null, or why it was refused. The commands after a refused one are carried out. */
  readonly commands: readonly (ErrorBody | null)[]
  readonly services: ServicesView
  /** The connections come before it. */
  readonly connections: null
  readonly timeouts: Timeouts
  readonly status: StatusView
  readonly down: null
}

/** A line of an answer: some connections, more of which may follow, or the end. */
export type AnswerLine =
  | { readonly connections: readonly Connection[] }
  | { readonly result: Results[keyof Results] }
  | { readonly error: ErrorBody }

/** Estimated rates per second, as IPVS's estimator shows them. */
export interface Rates {
  readonly cps: number
  readonly inPps: number
  readonly inBps: number
}

export interface ServerView extends RealServer {
  /** The way it is reached in fact; 'local' where the address is the director's own. */
  readonly reached: 'route' | 'tunnel' | 'masq' | 'local'
  /** False while no next hop is known: it is not picked. */
  readonly resolved: boolean
  readonly active: number
  readonly inactive: number
  readonly traffic: Traffic
  readonly rates: Rates
}

export interface ServiceView extends VirtualService {
  readonly traffic: Traffic
  readonly rates: Rates
  /** Newest first, as IPVS lists them. */
  readonly servers: readonly ServerView[]
}

export interface ServicesView {
  readonly services: readonly ServiceView[]
  /** Slots of the connection table: `size=` in the header of `ipvsadm -L`. */
  readonly tableSize: number
}

export interface StatusView {
  readonly version: string
  readonly pid: number
  /** Directory of its pins, absolute: tells one director from another. */
  readonly pinDir: string
  readonly dataplane: string
  /** What would be better, `native XDP on eth0` for one, and why it is not used. */
  readonly refusals: readonly { readonly what: string; readonly reason: string }[]
  readonly interfaces: readonly { readonly name: string; readonly mode: string }[]
  readonly services: number
  readonly servers: number
  readonly connections: {
    readonly inUse: number
    readonly capacity: number
    readonly evicted: number
    readonly expired: number
    /** Those that give way to no others. */
    readonly assured: number
    /** No service gets more assured ones than shareLimit then. */
    readonly nearlyFull: boolean
    /** Absent if a service may have all. */
    readonly shareLimit?: number
    /** The service with the most assured ones, one that is removed included. */
    readonly largest?: { readonly service: ServiceKey; readonly assured: number }
  }
  readonly verdicts: Readonly<Record<string, number>>
  readonly unresolved: readonly string[]
}

/** File name of the socket in the runtime directory. */
export const socketName = 'xlvs.sock'
/** File name of the socket beside it on which IPVS's netlink messages are answered (src/ipvs/). */
export const ipvsSocketName = 'ipvs.sock'
export const defaultRuntimeDir = '/run/xlvs'
export const runtimeDirVariable = 'XLVS_RUNTIME_DIR'
