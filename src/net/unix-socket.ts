import { existsSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { DirectorError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'
import { capConnections } from './connection-cap.js'

/**
 * Listens on a Unix socket that only its owner can open, from the moment it exists. A socket that a dead process left is replaced.
 * @throws DirectorError BUSY if a process listens there, INVALID if the path is something else than a socket or its directory is
 * not there.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  // libuv makes EACCES of bind's ENOENT, which would send the reader the wrong way.
  if (!existsSync(dirname(path))) {
    throw new DirectorError('INVALID', `cannot listen on ${path}: there is no directory ${dirname(path)}`, { path })
  }
  await removeStale(path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    // listen() binds before it returns, so the mask need not hold any longer than this.
    const umask = process.umask(0o177)
    try {
      server.listen(path)
    } finally {
      process.umask(umask)
    }
  }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'EACCES' ? 'PERMISSION' : cause.code === 'EADDRINUSE' ? 'BUSY' : 'INVALID'
    throw new DirectorError(code, `cannot listen on ${path}: ${cause.message}`, { path }, { cause })
  })
}

export interface SocketServer {
  /** Stops listening, ends the connections of clients and removes the socket. */
  close(): Promise<void>
}

/**
 * Serves clients on a Unix socket ({@link listenOnSocket}). A client may close its half when it has asked, as nc -N does.
 * @param most connections at once; those beyond are closed.
 * @param serve is given each connection.
 * @throws DirectorError as listenOnSocket.
 */
export async function serveOnSocket(
  path: string,
  most: number,
  log: Logger,
  serve: (socket: Socket) => void,
): Promise<SocketServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket)
  })
  await listenOnSocket(server, path)
  capConnections(server, path, most, log)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket()) {
    throw new DirectorError('INVALID', `${path} exists and is not a socket; remove it or choose another directory`, {
      path,
    })
  }
  if (await someoneListens(path)) {
    throw new DirectorError('BUSY', `another director listens on ${path}`, { path })
  }
  unlinkSync(path)
}

function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    // ECONNREFUSED is what a dead process leaves; whatever else goes wrong, bind() will say it better.
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
