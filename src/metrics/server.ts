import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { DirectorError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'
import { capConnections } from '../net/connection-cap.js'
import type { MetricsPage } from './page.js'

export interface MetricsServer {
  /** `127.0.0.1:9100`; the port that the kernel chose, where 0 was asked for. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Connections at once, of anybody who can reach the port: some scrapers have one each. Those who do nothing keep theirs for
 * {@link headersMs} only.
 */
export const maxMetricsConnections = 64

/** Requests for metrics that are answered at once: a connection may have sent many without reading. */
const maxAnswers = 64

/** How long a client may take for the head of its request, in milliseconds: from the start of the connection. */
const headersMs = 5000

/** How long it may take for the whole request. */
const requestMs = 10_000

/** How long it may take to read an answer; Prometheus gives up after 10 s by itself. */
const answerMs = 30_000

/** How often node:http looks for clients that take longer. */
const checkMs = 1000

const start = `<!doctype html>
<title>xlvs</title>
<h1>xlvs</h1>
<p><a href="/metrics">Metrics</a></p>
`

/**
 * Serves the page of metrics to Prometheus. Whatever is sent to it is answered or cut off, and harms nothing else: what is no
 * HTTP gets 400 from node:http itself, which does so as long as nobody listens to 'clientError'.
 * @throws DirectorError BUSY, PERMISSION or INVALID if it cannot listen.
 */
export async function serveMetrics(
  at: { readonly host: string; readonly port: number },
  page: MetricsPage,
  log: Logger,
): Promise<MetricsServer> {
  const times = { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: checkMs }
  const metrics = new Answers(page, log)
  const server = createServer(times, (request, response) => {
    answer(request, response, metrics).catch((err) => {
      log.error({ err }, 'metrics could not be read')
      send(response, 500, 'metrics could not be read; see the log\n')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, () => {
      server.off('error', reject)
      capConnections(server, 'metrics', maxMetricsConnections, log)
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
        page.close()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Answers): Promise<void> {
  const path = pathOf(request.url ?? '')
  if (path === undefined) return send(response, 400, 'the request has no path: try /metrics\n')
  if (path !== '/' && path !== '/metrics') return send(response, 404, 'not found: try /metrics\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return send(response.setHeader('allow', 'GET, HEAD'), 405, 'only GET and HEAD\n')
  }
  if (path === '/') return send(response, 200, start, 'text/html; charset=utf-8')
  await metrics.answer(request, response)
}

/** Answers requests for metrics, not too many at once. */
class Answers {
  #running = 0

  constructor(
    private readonly page: MetricsPage,
    private readonly log: Logger,
  ) {}

  /** @throws Error if the director cannot be read. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#running >= maxAnswers) return send(response, 503, `more than ${maxAnswers} requests at once\n`)
    this.#running++
    const timer = setTimeout(() => request.socket.destroy(), answerMs)
    try {
      const compressed = await this.page.get()
      await sendPage(request, response, compressed, this.page.text.contentType).catch(() => {
        this.log.debug({}, 'a client went away before it had the metrics')
      })
    } finally {
      clearTimeout(timer)
      this.#running--
    }
  }
}

/** @throws Error if the client goes away. */
async function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  compressed: Buffer,
  type: string,
): Promise<void> {
  response.setHeader('content-type', type).setHeader('vary', 'accept-encoding')
  if (acceptsGzip(request)) {
    response.setHeader('content-encoding', 'gzip').setHeader('content-length', compressed.length)
    await pipeline(Readable.from([compressed]), response)
  } else await pipeline(Readable.from([compressed]), createGunzip(), response)
}

/** Whether a client names gzip and does not refuse it (RFC 9110, section 12.5.3). */
function acceptsGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(headers['accept-encoding'] ?? ''))
}

/** The path of a request's target, be it the path alone or a whole URL (RFC 9112, section 3.2); undefined if it is neither. */
function pathOf(target: string): string | undefined {
  const base = 'http://localhost'
  return URL.canParse(target, base) ? new URL(target, base).pathname : undefined
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
}
