import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import {
  type Command,
  type CommandsRequest,
  type CommandsResponse,
  type ErrorBody,
  type ServicesResponse,
  type StatusResponse,
  socketName,
} from '../api/protocol.js'
import type { Connection, Timeouts } from '../core/connection.js'
import { DirectorError, errorCodes } from '../core/errors.js'
import type { ServiceKey } from '../core/virtual-service.js'
import { lineBatches } from './lines.js'

/**
 * A running director, as the command line sees it. All methods throw DirectorError: the director's own codes, NOT_RUNNING
 * when nobody listens, PERMISSION when the socket may not be opened, BUSY when no answer comes in time.
 */
export interface ControlClient {
  /** Carries out commands in order; null for each that was done, or why it was refused. */
  commands(commands: readonly Command[]): Promise<readonly (ErrorBody | null)[]>
  /** All services, or the one asked for. */
  services(key?: ServiceKey): Promise<ServicesResponse>
  /** The connection table in the order in which it arrives, some at a time: it can be larger than memory. */
  connections(): AsyncIterable<readonly Connection[]>
  timeouts(): Promise<Timeouts>
  status(): Promise<StatusResponse>
  down(): Promise<void>
}

/** How long the director may keep silent, in milliseconds. */
const silenceMs = 60_000

/** A client of the control socket in a runtime directory. Nothing is opened before the first request. */
export function controlClient(runtimeDir: string): ControlClient {
  const socketPath = join(runtimeDir, socketName)

  /** Sends a request and resolves with a good answer, whose text is still to come. */
  function send(method: 'GET' | 'POST', path: string, body?: CommandsRequest): Promise<AsyncIterable<string>> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      const call = request({ socketPath, method, path, headers, agent: false, timeout: silenceMs })
      call.on('timeout', () => {
        const seconds = silenceMs / 1000
        call.destroy(new DirectorError('BUSY', `the director at ${socketPath} has not answered for ${seconds} seconds`))
      })
      call.on('error', (error) => reject(connectionError(error, socketPath)))
      call.on('response', (response) => {
        // From here on a silence can be the reader's own, who has stopped for a pager.
        call.setTimeout(0)
        const status = response.statusCode ?? 0
        const pieces = textPieces(response, socketPath)
        if (status >= 200 && status < 300) resolve(pieces)
        else wholeText(pieces).then((text) => reject(answeredError(status, text)), reject)
      })
      call.end(body && JSON.stringify(body))
    })
  }

  async function get<T>(path: string): Promise<T> {
    return JSON.parse(await wholeText(await send('GET', path)))
  }

  return {
    async commands(commands) {
      const answer: CommandsResponse = JSON.parse(await wholeText(await send('POST', '/v1/commands', { commands })))
      return answer.results
    },
    services(key) {
      if (key === undefined) return get('/v1/services')
      const { protocol, vip, vport } = key
      return get(`/v1/services?${new URLSearchParams({ protocol, vip, vport: String(vport) })}`)
    },
    async *connections() {
      for await (const lines of lineBatches(await send('GET', '/v1/connections'))) {
        yield lines.map((line) => JSON.parse(line))
      }
    },
    timeouts: () => get('/v1/timeouts'),
    status: () => get('/v1/status'),
    async down() {
      await wholeText(await send('POST', '/v1/down'))
    },
  }
}

async function* textPieces(response: IncomingMessage, socketPath: string): AsyncGenerator<string> {
  try {
    yield* response.setEncoding('utf8')
  } catch (error) {
    throw connectionError(error as NodeJS.ErrnoException, socketPath)
  }
}

async function wholeText(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

function connectionError(error: NodeJS.ErrnoException, socketPath: string): DirectorError {
  if (error instanceof DirectorError) return error
  const details = { socketPath }
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new DirectorError('NOT_RUNNING', `no director answers at ${socketPath}`, details, { cause: error })
    case 'EACCES':
    case 'EPERM':
      return new DirectorError('PERMISSION', `${socketPath}: only root may speak to the director`, details, {
        cause: error,
      })
    default:
      return new DirectorError('INTERNAL', `the director at ${socketPath}: ${error.message}`, details, { cause: error })
  }
}

function answeredError(status: number, text: string): DirectorError {
  try {
    const { code, message }: ErrorBody = JSON.parse(text)
    if (errorCodes.includes(code)) return new DirectorError(code, message)
  } catch {
    // Not the director's: something else listens on the socket.
  }
  return new DirectorError('INTERNAL', `unexpected answer with status ${status} on the control socket`)
}
