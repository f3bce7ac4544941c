import type { Socket } from 'node:net'
import type { Logger } from '../../core/logger.js'
import { type SocketServer, serveOnSocket } from '../../net/unix-socket.js'
import { NetlinkError } from '../codec/error.js'
import { answer, type Logs } from './answer.js'
import type { Context, IpvsParts } from './context.js'
import { frames } from './frames.js'
import { Patience } from './patience.js'
import { RefusalLog } from './refusals.js'

/** Clients go away like this all the time: ipvsadm does not read the acks of its questions. */
const departures: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])

/**
 * Connections at once. Only root can open the socket. Each netlink socket of a program under `xlvs exec` is one, for as long
 * as it is open: keepalived has a handful.
 */
export const maxNetlinkConnections = 256

/**
 * Answers the netlink messages that kernel IPVS answers, on a Unix stream socket: one message after another in both directions,
 * padded to 4. Requests of one connection are answered in order.
 * @param path of the socket; its directory must exist.
 * @throws DirectorError BUSY if another director listens there.
 */
export async function serveIpvs(path: string, parts: IpvsParts, log: Logger): Promise<SocketServer> {
  const context: Context = { ...parts, patience: new Patience(parts.clock) }
  const logs: Logs = { log, refusals: new RefusalLog(log) }
  return serveOnSocket(path, maxNetlinkConnections, log, (socket) => {
    // Without a listener an error would end the process; whoever reads or writes hears of it, too.
    socket.on('error', () => {})
    converse(socket, context, logs).catch((err: NodeJS.ErrnoException) => {
      socket.destroy()
      if (!departures.has(err.code ?? '')) log.error({ err }, 'a netlink client could not be answered')
    })
  })
}

/** Until the client has said all, or has gone. @throws Error in the latter case. */
async function converse(socket: Socket, context: Context, logs: Logs): Promise<void> {
  try {
    // Who has said all may still be waiting for answers.
    const chunks: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false })
    for await (const request of frames(chunks)) await respond(socket, answer(request, context, logs))
  } catch (err) {
    if (!(err instanceof NetlinkError)) throw err
    logs.log.warn({ err }, 'a netlink client sent what is no message; its connection is closed')
  }
  socket.end()
}

/** What was asked for is done, as by a kernel, also for a client that does not wait to hear of it. */
async function respond(socket: Socket, pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of pieces) {
    if (!socket.writable) return
    if (!socket.write(piece)) await hasRoom(socket)
  }
}

/** Resolves when more can be written, or nothing any more. */
function hasRoom(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
