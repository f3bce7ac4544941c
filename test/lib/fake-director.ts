import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, type ErrorBody, type ServicesView, type StatusView, socketName } from '../../src/api/protocol.js'
import type { ApiParts } from '../../src/api/requests.js'
import { serveApi } from '../../src/api/server.js'
import { type Connection, defaultTimeouts } from '../../src/core/connection.js'
import { DirectorError } from '../../src/core/errors.js'
import { serviceKeyText } from '../../src/core/virtual-service.js'
import { MemoryLog } from './memory-log.js'

/** A director that keeps what it is told and answers what it was given, behind the real control socket. */
export interface FakeDirector {
  readonly runtimeDir: string
  /** Names of the requests that came, in order. */
  readonly requests: string[]
  /** All commands that came, in order. */
  readonly commands: Command[]
  /** Decides about each command; accepts all unless replaced. */
  judge: (command: Command) => ErrorBody | null
  services: ServicesView
  connections: Iterable<Connection>
  status: StatusView | undefined
  close(): Promise<void>
}

export async function fakeDirector(): Promise<FakeDirector> {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'xlvs-fake-director-'))
  const fake: FakeDirector = {
    runtimeDir,
    requests: [],
    commands: [],
    judge: () => null,
    services: { services: [], tableSize: 4096 },
    connections: [],
    status: undefined,
    async close() {
      await server.close()
      await rm(runtimeDir, { recursive: true })
    },
  }
  const asked = (name: string) => void fake.requests.push(name)
  const director: ApiParts['director'] = {
    executeAll(commands) {
      asked('commands')
      fake.commands.push(...commands)
      return commands.map((command) => {
        const refusal = fake.judge(command)
        return refusal ? new DirectorError(refusal.code, refusal.message) : undefined
      })
    },
    settled: async () => {},
    services(key) {
      asked('services')
      if (!key) return [...fake.services.services]
      const found = fake.services.services.filter((service) => serviceKeyText(service) === serviceKeyText(key))
      if (found.length === 0) throw new DirectorError('NO_SUCH_SERVICE', 'no such service')
      return found
    },
    async *connections() {
      asked('connections')
      yield* fake.connections
    },
    timeouts() {
      asked('timeouts')
      return defaultTimeouts
    },
    tableSize: () => fake.services.tableSize,
    status() {
      asked('status')
      if (!fake.status) throw new DirectorError('INTERNAL', 'the test gave no status')
      return fake.status
    },
  }
  const parts = {
    director,
    version: '',
    pinDir: '',
    refusals: [],
    down: async () => asked('down'),
    ended: () => {},
    changed: () => {},
  }
  const server = await serveApi(join(runtimeDir, socketName), parts, new MemoryLog())
  return fake
}
