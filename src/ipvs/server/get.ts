/** Questions: those that have one answer (ip_vs_genl_get_cmd in ip_vs_ctl.c), and dumps. */
import type { ServerView } from '../../api/protocol.js'
import { NetlinkError } from '../codec/error.js'
import {
  type CommandAttributes,
  commandAttributes,
  IP_VS_VERSION_CODE,
  IPVS_CMD,
  infoAttributes,
} from '../codec/ipvs.js'
import type { Writer } from '../codec/writer.js'
import type { Context } from './context.js'
import { requirePresent } from './present.js'
import { serviceRef } from './service-ref.js'
import { destAttributes, serviceAttributes } from './views.js'

/** The command and the attributes of an answer. */
export interface Reply {
  readonly cmd: number
  body(writer: Writer): void
}

/** One answer. @throws NetlinkError. */
export type Get = (context: Context, attributes: CommandAttributes) => Reply

/** Any number of answers; `attributes` reads those of the request, which not every dump does. */
export type Dump = (context: Context, attributes: () => CommandAttributes) => Iterable<Reply>

function reply(cmd: number, values: CommandAttributes): Reply {
  return { cmd, body: (writer) => commandAttributes.encode(writer, values) }
}

export const getService: Get = (context, { service }) =>
  reply(IPVS_CMD.NEW_SERVICE, { service: serviceAttributes(requirePresent(context, serviceRef(service))) })

export const getConfig: Get = ({ director }) => {
  const { tcpS, tcpFinS, udpS } = director.timeouts()
  return reply(IPVS_CMD.SET_CONFIG, { timeoutTcp: tcpS, timeoutTcpFin: tcpFinS, timeoutUdp: udpS })
}

export const getInfo: Get = ({ director }) => {
  const info = { version: IP_VS_VERSION_CODE, connTabSize: director.tableSize() }
  return { cmd: IPVS_CMD.SET_INFO, body: (writer) => infoAttributes.encode(writer, info) }
}

export const dumpServices: Dump = function* ({ director }) {
  for (const view of director.services()) yield reply(IPVS_CMD.NEW_SERVICE, { service: serviceAttributes(view) })
}

/** Newest first; none for a service that is not there or that is not understood. */
export const dumpDests: Dump = function* (context, attributes) {
  for (const server of serversOf(context, attributes)) yield reply(IPVS_CMD.NEW_DEST, { dest: destAttributes(server) })
}

function serversOf(context: Context, attributes: () => CommandAttributes): readonly ServerView[] {
  try {
    return requirePresent(context, serviceRef(attributes().service)).servers
  } catch (error) {
    if (error instanceof NetlinkError) return []
    throw error
  }
}

/** There is no sync daemon. */
export const dumpDaemons: Dump = () => []
