import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  type AnswerLine,
  type Command,
  type ErrorBody,
  type Request,
  type Results,
  type ServicesView,
  type StatusView,
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
  services(key?: ServiceKey): Promise<ServicesView>
  /** The connection table in the order in which it arrives, some at a time: it can be larger than memory. */
  connections(): AsyncIterable<readonly Connection[]>
  timeouts(): Promise<Timeouts>
  status(): Promise<StatusView>
  down(): Promise<void>
}

/** How long the director may keep silent, in milliseconds. */
const silenceMs = 60_000

/** A client of the control socket in a runtime directory. Nothing is opened before the first request. */
export function controlClient(runtimeDir: string): ControlClient {
  const socketPath = join(runtimeDir, socketName)

  async function ask<N extends Request['request']>(request: Request & { readonly request: N }): Promise<Results[N]> {
    for await (const line of answerTo(request, socketPath)) {
      if ('result' in line) return line.result as Results[N]
    }
    throw brokenOff(socketPath)
  }

  return {
    commands: (commands) => ask({ request: 'commands', commands }),
    services: (key) => ask({ request: 'services', ...(key && { key }) }),
    async *connections() {
      for await (const line of answerTo({ request: 'connections' }, socketPath)) {
        if ('result' in line) return
        if ('connections' in line) yield line.connections
      }
      throw brokenOff(socketPath)
    },
    timeouts: () => ask({ request: 'timeouts' }),
    status: () => ask({ request: 'status' }),
    async down() {
      await ask({ request: 'down' })
    },
  }
}

/** Sends a request; gives the lines of its answer as they come. @throws DirectorError, also the one answered. */
async function* answerTo(request: Request, socketPath: string): AsyncGenerator<AnswerLine> {
  const socket = connect(socketPath)
  socket.write(`${JSON.stringify(request)}\n`)
  socket.setTimeout(silenceMs, () => {
    const seconds = silenceMs / 1000
    socket.destroy(new DirectorError('BUSY', `the director at ${socketPath} has not answered for ${seconds} seconds`))
  })
  for await (const lines of lineBatches(textPieces(socket, socketPath))) {
    for (const line of lines) {
      const answer = parseAnswer(line)
      if ('error' in answer) throw answeredError(answer.error)
      yield answer
    }
  }
}

async function* textPieces(socket: Socket, socketPath: string): AsyncGenerator<string> {
  try {
    for await (const piece of socket.setEncoding('utf8')) {
      // From here on a silence can be the reader's own, who has stopped for a pager.
      socket.setTimeout(0)
      yield piece
    }
  } catch (error) {
    throw connectionError(error as NodeJS.ErrnoException, socketPath)
  }
}

function connectionError(error: NodeJS.ErrnoException, socketPath: string): DirectorError {
  if (error instanceof DirectorError) return error
  const details = { socketPath }
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new DirectorError('NOT_RUNNING', `no director answers at ${socketPath}`, details, { cause: error })
    case 'EAGAIN':
      return new DirectorError('BUSY', `the director at ${socketPath} does not answer, and too many wait`, details, {
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
      return new DirectorError('PERMISSION', `${socketPath}: only root may speak to the director`, details, {
        cause: error,
      })
    case 'ECONNRESET':
    case 'EPIPE':
      return new DirectorError(
        'BUSY',
        `the director at ${socketPath} has closed the connection; its log says why`,
        details,
        {
          cause: error,
        },
      )
    default:
      return new DirectorError('INTERNAL', `the director at ${socketPath}: ${error.message}`, details, { cause: error })
  }
}

function brokenOff(socketPath: string): DirectorError {
  return new DirectorError('INTERNAL', `the director at ${socketPath} has broken off its answer; its log says why`, {
    socketPath,
  })
}

function answeredError({ code, message }: ErrorBody): DirectorError {
  return new DirectorError(errorCodes.includes(code) ? code : 'INTERNAL', message)
}

function parseAnswer(line: string): AnswerLine {
  try {
    const answer: unknown = JSON.parse(line)
    if (typeof answer === 'object' && answer !== null) return answer as AnswerLine
  } catch {
    // Not the director's: something else listens on the socket.
  }
  throw new DirectorError('INTERNAL', `unexpected answer on the control socket: ${line.slice(0, 80)}`)
}
