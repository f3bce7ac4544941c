import type { Socket } from 'node:net'
import { finished } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DirectorError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'
import { type SocketServer, serveOnSocket } from '../net/unix-socket.js'
import type { AnswerLine } from './protocol.js'
import { readRequestLine } from './request-line.js'
import { type ApiParts, errorBody, understand } from './requests.js'

/** How long a client may take for its request, and to go away when it is answered, in milliseconds. */
const idleMs = 60_000

/**
 * Connections at once. Only root can open the socket, and each command is a connection of its own for a moment: this many
 * are a script that went wrong. Its commands fail until it ends some; idle ones end by themselves.
 */
export const maxControlConnections = 128

/**
 * Serves the control socket (protocol.ts).
 * @param path of the Unix socket; its directory must exist.
 * @throws DirectorError BUSY if another director listens there.
 */
export async function serveApi(path: string, parts: ApiParts, log: Logger): Promise<SocketServer> {
  const state = { parts, log, goesDown: false }
  return serveOnSocket(path, maxControlConnections, log, (socket) => {
    serve(state, socket).catch((err) => log.debug({ err }, 'a client went away before its answer was complete'))
  })
}

interface State {
  readonly parts: ApiParts
  readonly log: Logger
  /** The director has been asked to end: what it were told from now on would be lost. */
  goesDown: boolean
}

/** @throws Error if the client goes away. */
async function serve(state: State, socket: Socket): Promise<void> {
  socket.setTimeout(idleMs, () => socket.destroy())
  // Without a listener an error would end the process; whoever reads or writes hears of it, too.
  socket.on('error', () => {})
  await pipeline(answerLines(state, socket), socket)
}

async function* answerLines(state: State, socket: Socket): AsyncGenerator<string> {
  const { parts, log } = state
  try {
    const line = await readRequestLine(socket)
    if (line === '') return
    const request = understand(line)
    if (state.goesDown && request.name === 'commands')
      throw new DirectorError('NOT_RUNNING', 'the director is going down')
    // The work may take long, and the reader may have stopped for a pager.
    socket.setTimeout(0)
    // Whether or not everything could be removed: a director that has let go must not stay as if it forwarded.
    if (request.name === 'down') {
      state.goesDown = true
      finished(socket, { readable: false }, () => parts.ended())
    }
    for await (const answer of request.answer(parts)) yield asLine(answer)
  } catch (error) {
    if (!(error instanceof DirectorError) || error.code === 'INTERNAL') log.error({ err: error }, 'request failed')
    yield asLine({ error: errorBody(error) })
  }
  socket.setTimeout(idleMs)
}

function asLine(answer: AnswerLine): string {
  return `${JSON.stringify(answer)}\n`
}
