import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Connection } from '../core/connection.js'
import type { Director } from '../director/director.js'
import { readJson } from './body.js'
import { decodeCommands, decodeServiceQuery } from './commands.js'
import type { CommandsResponse, ServicesResponse, StatusResponse } from './protocol.js'
import { errorBody, sendJson } from './reply.js'

/** What requests are answered from. */
export interface ApiParts {
  readonly director: Director
  /** Version of this program, for StatusResponse. */
  readonly version: string
  /** Where its pins are, for StatusResponse. */
  readonly pinDir: string
  /** Takes the director out of the path; the answer is sent when it has resolved. */
  down(): Promise<void>
  /** Called when a request to go down is answered, also by an error, or its client gone: the process should end. */
  ended(): void
}

type Handler = (parts: ApiParts, request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void> | void

/** Handlers by path and method: the paths of protocol.ts. */
export const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/v1/commands': { POST: postCommands },
  '/v1/services': { GET: getServices },
  '/v1/connections': { GET: getConnections },
  '/v1/timeouts': { GET: ({ director }, _request, response) => sendJson(response, 200, director.timeouts()) },
  '/v1/status': { GET: getStatus },
  '/v1/down': { POST: postDown },
}

async function postCommands({ director }: ApiParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const commands = decodeCommands(await readJson(request))
  const results = director.executeAll(commands).map((error) => (error ? errorBody(error) : null))
  await director.settled()
  sendJson(response, 200, { results } satisfies CommandsResponse)
}

function getServices({ director }: ApiParts, _request: IncomingMessage, response: ServerResponse, url: URL): void {
  const services = director.services(decodeServiceQuery(url.searchParams))
  const tableSize = director.status().connections.capacity
  sendJson(response, 200, { services, tableSize } satisfies ServicesResponse)
}

async function getConnections({ director }: ApiParts, _request: IncomingMessage, response: ServerResponse) {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  await pipeline(Readable.from(inBlocks(director.connections())), response)
}

function getStatus({ director, version, pinDir }: ApiParts, _request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 200, { version, pid: process.pid, pinDir, ...director.status() } satisfies StatusResponse)
}

async function postDown({ down, ended }: ApiParts, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Whether or not everything could be removed: a director that has let go must not stay as if it forwarded.
  response.once('close', ended)
  await down()
  response.writeHead(204, { connection: 'close' }).end()
}

/** Lines are joined, because a write for each of a million connections is what would take the time. */
const linesPerBlock = 500

async function* inBlocks(connections: AsyncIterable<Connection>): AsyncIterable<string> {
  let lines: string[] = []
  for await (const connection of connections) {
    lines.push(`${JSON.stringify(connection)}\n`)
    if (lines.length < linesPerBlock) continue
    yield lines.join('')
    lines = []
  }
  if (lines.length > 0) yield lines.join('')
}
