/**
 * The control socket: HTTP over a Unix socket, JSON bodies. The one list of its paths and shapes,
 * for the server and for the clients in cli/.
 *
 *   POST /v1/commands     CommandsRequest -> CommandsResponse (200, also when commands are refused)
 *   GET  /v1/services     ServicesResponse; ?protocol=tcp&vip=192.0.2.10&vport=80 for one (404 NO_SUCH_SERVICE)
 *   GET  /v1/connections  application/x-ndjson, one Connection a line
 *   GET  /v1/timeouts     Timeouts
 *   GET  /v1/status       StatusResponse
 *   POST /v1/down         takes the director out of the path; 204, then the process ends
 *
 * A failed request has status 4xx or 5xx and an ErrorBody.
 */
import type { Timeouts } from '../core/connection.js'
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

export interface CommandsRequest {
  readonly commands: readonly Command[]
}

/** One result for each command, in order: null, or why it was refused. The commands after a refused one are carried out. */
export interface CommandsResponse {
  readonly results: readonly (ErrorBody | null)[]
}

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

export interface ServicesResponse {
  readonly services: readonly ServiceView[]
  /** Slots of the connection table: `size=` in the header of `ipvsadm -L`. */
  readonly tableSize: number
}

export interface StatusResponse {
  readonly version: string
  readonly pid: number
  /** Directory of its pins, absolute: tells one director from another. */
  readonly pinDir: string
  readonly dataplane: string
  readonly interfaces: readonly { readonly name: string; readonly mode: string }[]
  readonly services: number
  readonly servers: number
  readonly connections: {
    readonly inUse: number
    readonly capacity: number
    readonly evicted: number
    readonly expired: number
  }
  readonly verdicts: Readonly<Record<string, number>>
  readonly unresolved: readonly string[]
}

/** File name of the socket in the runtime directory. */
export const socketName = 'xlvs.sock'
export const defaultRuntimeDir = '/run/xlvs'
export const runtimeDirVariable = 'XLVS_RUNTIME_DIR'
