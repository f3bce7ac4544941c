import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { DirectorError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'
import { sendError, sendJson } from './reply.js'
import { type ApiParts, routes } from './routes.js'
import { listenOnSocket } from './socket.js'

export interface ApiServer {
  /** Stops listening, ends the connections of clients and removes the socket. */
  close(): Promise<void>
}

/**
 * Serves the control socket (protocol.ts).
 * @param path of the Unix socket; its directory must exist.
 * @throws DirectorError BUSY if another director listens there.
 */
export async function serveApi(path: string, parts: ApiParts, log: Logger): Promise<ApiServer> {
  const server = createServer((request, response) => {
    answer(parts, request, response).catch((error) => failed(request, response, error, log))
  })
  await listenOnSocket(server, path)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(parts: ApiParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const methods = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined
  if (!methods) {
    sendJson(response, 404, { code: 'INVALID', message: `there is no ${url.pathname}` })
    return
  }
  const handler = methods[request.method ?? '']
  if (!handler) {
    const allowed = Object.keys(methods).join(', ')
    response.setHeader('allow', allowed)
    sendJson(response, 405, { code: 'INVALID', message: `${url.pathname} takes ${allowed}, not ${request.method}` })
    return
  }
  await handler(parts, request, response, url)
}

function failed(request: IncomingMessage, response: ServerResponse, error: unknown, log: Logger): void {
  if (isClientGone(error)) {
    log.debug({ url: request.url }, 'a client went away before its answer was complete')
    return
  }
  if (!(error instanceof DirectorError) || error.code === 'INTERNAL') {
    log.error({ err: error, url: request.url }, 'request failed')
  }
  // Half an answer cannot be taken back: the client must see that it is not whole.
  if (response.headersSent) response.destroy()
  else sendError(response, error)
}

/** What node:http and pipeline() throw where the other side has closed the connection. */
function isClientGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'EPIPE'
}
