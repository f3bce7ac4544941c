import { setImmediate } from 'node:timers/promises'
import type { Connection } from '../core/connection.js'
import { DirectorError } from '../core/errors.js'
import type { Director } from '../director/director.js'
import { decodeCommands, decodeServiceKey } from './commands.js'
import { Field } from './decode.js'
import type { AnswerLine, ErrorBody, Request, Results, StatusView } from './protocol.js'

/** What requests are answered from. */
export interface ApiParts {
  readonly director: Pick<
    Director,
    'executeAll' | 'settled' | 'services' | 'tableSize' | 'connections' | 'timeouts' | 'status'
  >
  /** Version of this program, for StatusView. */
  readonly version: string
  /** Where its pins are, for StatusView. */
  readonly pinDir: string
  /** For StatusView. */
  readonly refusals: StatusView['refusals']
  /** Called when so many commands have been carried out. */
  changed(commands: number): void
  /** Takes the director out of the path; the answer is sent when it has resolved. */
  down(): Promise<void>
  /** Called when a request to go down is answered, also by an error, or its client gone: the process should end. */
  ended(): void
}

/** Carried out between two turns of the event loop, for others to be answered and the log to be written meanwhile. */
const commandsPerTurn = 1000

type Name = Request['request']
type Handler<N extends Name> = (parts: ApiParts, request: Field) => Results[N] | Promise<Results[N]>

/** How each request but that for connections gets its result. */
const handlers: { readonly [N in Exclude<Name, 'connections'>]: Handler<N> } = {
  commands: async ({ director, changed }, request) => {
    const commands = decodeCommands(request.get('commands'))
    const results: (ErrorBody | null)[] = []
    for (let first = 0; first < commands.length; first += commandsPerTurn) {
      if (first > 0) await setImmediate()
      const errors = director.executeAll(commands.slice(first, first + commandsPerTurn))
      results.push(...errors.map((error) => (error ? errorBody(error) : null)))
    }
    changed(commands.length)
    await director.settled()
    return results
  },
  services: ({ director }, request) => ({
    services: director.services(request.get('key').optional(decodeServiceKey)),
    tableSize: director.tableSize(),
  }),
  timeouts: ({ director }) => director.timeouts(),
  status: ({ director, version, pinDir, refusals }) => ({
    version,
    pid: process.pid,
    pinDir,
    refusals,
    ...director.status(),
  }),
  down: async ({ down }) => {
    await down()
    return null
  },
}

const names = [...(Object.keys(handlers) as (keyof typeof handlers)[]), 'connections'] as const

/** A request that is understood, and what is to be done for it. */
export interface Understood {
  readonly name: Name
  answer(parts: ApiParts): AsyncIterable<AnswerLine>
}

/** Reads a request. @throws DirectorError INVALID naming field, value and what is allowed. */
export function understand(line: string): Understood {
  const request = new Field('', parseJson(line))
  const name = request.get('request').oneOf(names)
  if (name === 'connections') return { name, answer: ({ director }) => connectionLines(director.connections()) }
  return {
    name,
    async *answer(parts) {
      yield { result: await handlers[name](parts, request) }
    },
  }
}

/** What a client is told of a failure. What is not a DirectorError is a fault of ours, and its text is not for clients. */
export function errorBody(error: unknown): ErrorBody {
  if (!(error instanceof DirectorError)) return { code: 'INTERNAL', message: 'internal error; see the log' }
  const { code, message } = error
  return { code, message }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new DirectorError('INVALID', `request: not JSON (${(cause as Error).message})`, {}, { cause })
  }
}

/** Connections share lines, because a write for each of a million is what would take the time. */
const connectionsPerLine = 500

async function* connectionLines(connections: AsyncIterable<Connection>): AsyncIterable<AnswerLine> {
  let some: Connection[] = []
  for await (const connection of connections) {
    some.push(connection)
    if (some.length < connectionsPerLine) continue
    yield { connections: some }
    some = []
  }
  if (some.length > 0) yield { connections: some }
  yield { result: null }
}
