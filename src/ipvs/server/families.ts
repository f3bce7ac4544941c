/** The two families that are answered: IPVS's and the controller's, which tells its id. */
import { NetlinkError } from '../codec/error.js'
import {
  CTRL_CMD,
  ctrlVersion,
  familyAttributes,
  GENL_ID_CTRL,
  GENL_MAX_ID,
  GENL_OP,
  type GenlMessage,
} from '../codec/genetlink.js'
import {
  type CommandAttributes,
  commandAttributes,
  IPVS_CMD,
  IPVS_CMD_ATTR_MAX,
  IPVS_GENL_NAME,
  IPVS_GENL_VERSION,
} from '../codec/ipvs.js'
import { PROC_READ } from '../codec/proc.js'
import type { Context } from './context.js'
import {
  type Dump,
  dumpDaemons,
  dumpDests,
  dumpServices,
  type Get,
  getConfig,
  getInfo,
  getService,
  type Reply,
} from './get.js'
import { readProc } from './proc-read.js'
import * as set from './set.js'

/** IPVS's id, the last that there is: kernels give theirs from the first upwards, so no other family of theirs has it. */
export const ipvsFamilyId = GENL_MAX_ID

/** What becomes of a request: some answers, then an ack if one is asked for; or a dump, which has its own end. */
export type Outcome =
  | { readonly type: 'replies'; readonly replies: readonly Reply[] }
  | { readonly type: 'dump'; readonly replies: Replies }

export type Replies = Iterable<Reply> | AsyncIterable<Reply>

export interface Family {
  readonly id: number
  /** In the header of its answers. */
  readonly version: number
  /** @throws NetlinkError, DirectorError: nothing has changed then. */
  handle(context: Context, request: GenlMessage, isDump: boolean): Promise<Outcome>
}

/** What a command of IPVS's does, and what it does with NLM_F_DUMP. */
interface Operation {
  readonly set?: set.Do
  readonly get?: Get
  readonly dump?: Dump
}

/** In the order of ip_vs_genl_ops in ip_vs_ctl.c. */
const operations: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [IPVS_CMD.NEW_SERVICE, { set: set.newService }],
  [IPVS_CMD.SET_SERVICE, { set: set.setService }],
  [IPVS_CMD.DEL_SERVICE, { set: set.delService }],
  [IPVS_CMD.GET_SERVICE, { get: getService, dump: dumpServices }],
  [IPVS_CMD.NEW_DEST, { set: set.newDest }],
  [IPVS_CMD.SET_DEST, { set: set.setDest }],
  [IPVS_CMD.DEL_DEST, { set: set.delDest }],
  [IPVS_CMD.GET_DEST, { dump: dumpDests }],
  [IPVS_CMD.NEW_DAEMON, { set: set.newDaemon }],
  [IPVS_CMD.DEL_DAEMON, { set: set.delDaemon }],
  [IPVS_CMD.GET_DAEMON, { dump: dumpDaemons }],
  [IPVS_CMD.SET_CONFIG, { set: set.setConfig }],
  [IPVS_CMD.GET_CONFIG, { get: getConfig }],
  [IPVS_CMD.GET_INFO, { get: getInfo }],
  [IPVS_CMD.ZERO, { set: set.zero }],
  [IPVS_CMD.FLUSH, { set: set.flush }],
])

const ipvs: Family = {
  id: ipvsFamilyId,
  version: IPVS_GENL_VERSION,
  async handle(context, { cmd, attributes }, isDump) {
    if (cmd === PROC_READ) return { type: 'dump', replies: readProc(context, attributes) }
    const operation = operations.get(cmd) ?? {}
    const decode = (): CommandAttributes => commandAttributes.decode(attributes)
    if (isDump) {
      if (!operation.dump) throw unknownCommand(cmd)
      return { type: 'dump', replies: operation.dump(context, decode) }
    }
    if (operation.get) return { type: 'replies', replies: [operation.get(context, decode())] }
    if (!operation.set) throw unknownCommand(cmd)
    await operation.set(context, decode())
    return { type: 'replies', replies: [] }
  },
}

/** Knows IPVS's family and no other; what others there are, the kernel's own controller says. */
const controller: Family = {
  id: GENL_ID_CTRL,
  version: ctrlVersion,
  async handle(_context, { cmd, attributes }, isDump) {
    if (cmd !== CTRL_CMD.GETFAMILY || isDump) throw unknownCommand(cmd)
    const { familyId, familyName } = familyAttributes.decode(attributes)
    if (familyId === undefined && familyName === undefined) throw new NetlinkError('EINVAL', 'no family')
    const isIpvs = familyName === undefined ? familyId === ipvsFamilyId : familyName === IPVS_GENL_NAME
    if (!isIpvs) throw new NetlinkError('ENOENT', `no family ${familyName ?? familyId}`)
    return { type: 'replies', replies: [ipvsFamily] }
  },
}

const ipvsFamily: Reply = {
  cmd: CTRL_CMD.NEWFAMILY,
  body: (writer) =>
    familyAttributes.encode(writer, {
      familyName: IPVS_GENL_NAME,
      familyId: ipvsFamilyId,
      version: IPVS_GENL_VERSION,
      hdrsize: 0,
      maxattr: IPVS_CMD_ATTR_MAX,
      ops: Array.from(operations, ([opId, operation]) => ({ opId, opFlags: flagsOf(operation) })),
    }),
}

function flagsOf({ dump, get, set: change }: Operation): number {
  const can = (dump ? GENL_OP.CAP_DUMP : 0) | (get || change ? GENL_OP.CAP_DO : 0)
  return GENL_OP.ADMIN_PERM | GENL_OP.CAP_HASPOL | can
}

/** As genl_family_rcv_msg() has it of a command, or a way to ask it, that a family does not know. */
function unknownCommand(cmd: number): NetlinkError {
  return new NetlinkError('EOPNOTSUPP', `command ${cmd}`)
}

const families: readonly Family[] = [controller, ipvs]

/** @throws NetlinkError ENOENT. */
export function familyOf(type: number): Family {
  const family = families.find(({ id }) => id === type)
  if (!family) throw new NetlinkError('ENOENT', `no family ${type}`)
  return family
}
