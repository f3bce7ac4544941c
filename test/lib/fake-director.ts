import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Command,
  type CommandsRequest,
  type ErrorBody,
  type ServicesResponse,
  type StatusResponse,
  socketName,
} from '../../src/api/protocol.js'
import { type Connection, defaultTimeouts } from '../../src/core/connection.js'

/** A control server that keeps what it is told and answers what it was given: real HTTP on a real socket. */
export interface FakeDirector {
  readonly runtimeDir: string
  /** Everything that was asked, as `GET /v1/status`. */
  readonly requests: string[]
  /** All commands that came, in order. */
  readonly commands: Command[]
  /** Decides about each command; accepts all unless replaced. */
  judge: (command: Command) => ErrorBody | null
  services: ServicesResponse
  connections: Iterable<Connection>
  status: StatusResponse | undefined
  close(): Promise<void>
}

export async function fakeDirector(): Promise<FakeDirector> {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'xlvs-fake-director-'))
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error))
  })

  const fake: FakeDirector = {
    runtimeDir,
    requests: [],
    commands: [],
    judge: () => null,
    services: { services: [], tableSize: 4096 },
    connections: [],
    status: undefined,
    async close() {
      server.closeAllConnections()
      server.close()
      await rm(runtimeDir, { recursive: true })
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://director')
    const what = `${request.method} ${url.pathname}`
    fake.requests.push(what)
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    switch (what) {
      case 'POST /v1/commands': {
        const { commands }: CommandsRequest = JSON.parse(await bodyOf(request))
        fake.commands.push(...commands)
        return json(200, { results: commands.map((command) => fake.judge(command)) })
      }
      case 'GET /v1/services': {
        const { services, tableSize } = fake.services
        const query = url.searchParams
        if (query.size === 0) return json(200, fake.services)
        const found = services.filter(
          ({ protocol, vip, vport }) =>
            protocol === query.get('protocol') && vip === query.get('vip') && String(vport) === query.get('vport'),
        )
        if (found.length === 0) return json(404, { code: 'NO_SUCH_SERVICE', message: 'no such service' })
        return json(200, { services: found, tableSize })
      }
      case 'GET /v1/connections':
        response.writeHead(200, { 'content-type': 'application/x-ndjson' })
        for (const connection of fake.connections) {
          if (!response.write(`${JSON.stringify(connection)}\n`)) await once(response, 'drain')
        }
        response.end()
        return
      case 'GET /v1/timeouts':
        return json(200, defaultTimeouts)
      case 'GET /v1/status':
        return json(200, fake.status)
      case 'POST /v1/down':
        response.writeHead(204).end()
        return
      default:
        return json(404, { code: 'INVALID', message: `no ${what} here` })
    }
  }

  server.listen(join(runtimeDir, socketName))
  await once(server, 'listening')
  return fake
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}
