import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { DirectorError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'

export interface MetricsServer {
  /** `127.0.0.1:9100`; the port that the kernel chose, where 0 was asked for. */
  readonly address: string
  close(): Promise<void>
}

const page = `<!doctype html>
<title>xlvs</title>
<h1>xlvs</h1>
<p><a href="/metrics">Metrics</a></p>
`

/**
 * Serves a registry to Prometheus. Whatever is sent to it is answered or cut off, and harms nothing else: what is no HTTP
 * gets 400 from node:http itself, which does so as long as nobody listens to 'clientError'.
 * @throws DirectorError BUSY, PERMISSION or INVALID if it cannot listen.
 */
export async function serveMetrics(
  at: { readonly host: string; readonly port: number },
  registry: Registry,
  log: Logger,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request, response, registry).catch((err) => {
      log.error({ err }, 'metrics could not be read')
      send(response, 500, 'metrics could not be read; see the log\n')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, () => {
      server.off('error', reject)
      server.on('error', (err) => log.warn({ err }, 'a connection for metrics was not accepted'))
      resolve()
    })
  }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'EADDRINUSE' ? 'BUSY' : cause.code === 'EACCES' ? 'PERMISSION' : 'INVALID'
    throw new DirectorError(code, `metrics: cannot listen on ${at.host}:${at.port}: ${cause.message}`, at, { cause })
  })
  const { address, family, port } = server.address() as AddressInfo
  return {
    address: family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, registry: Registry): Promise<void> {
  const path = pathOf(request.url ?? '')
  if (path === undefined) return send(response, 400, 'the request has no path: try /metrics\n')
  if (path !== '/' && path !== '/metrics') return send(response, 404, 'not found: try /metrics\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return send(response.setHeader('allow', 'GET, HEAD'), 405, 'only GET and HEAD\n')
  }
  if (path === '/') return send(response, 200, page, 'text/html; charset=utf-8')
  send(response, 200, await registry.metrics(), registry.contentType)
}

/** The path of a request's target, be it the path alone or a whole URL (RFC 9112, section 3.2); undefined if it is neither. */
function pathOf(target: string): string | undefined {
  const base = 'http://localhost'
  return URL.canParse(target, base) ? new URL(target, base).pathname : undefined
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
}
