import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { AnswerLine, Request } from '../../../src/api/protocol.js'
import type { ApiParts } from '../../../src/api/requests.js'
import { serveApi } from '../../../src/api/server.js'
import type { SocketServer } from '../../../src/net/unix-socket.js'
import { type Fixture, type Given, startedDirector } from '../director/fixture.js'

export interface Served extends Fixture {
  readonly path: string
  readonly server: SocketServer
  readonly parts: { -readonly [P in keyof ApiParts]: ApiParts[P] }
  /** How often the director was taken out of the path, and the process told to end. */
  readonly went: string[]
}

/** A path for a socket that is removed with the test; short, as addresses of Unix sockets have to be. */
export function socketPath(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'xlvs-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 's')
}

/** A director behind a control socket of its own, on these or new doubles. */
export async function served(t: Test, given: Given = {}): Promise<Served> {
  const fixture = await startedDirector(given)
  const path = socketPath(t)
  const went: string[] = []
  const parts = {
    director: fixture.director,
    version: '1.2.3',
    pinDir: '/sys/fs/bpf/xlvs',
    refusals: [],
    down: async () => void went.push('down'),
    ended: () => void went.push('ended'),
    changed: (commands: number) => void went.push(`${commands} commands`),
  }
  const server = await serveApi(path, parts, fixture.log)
  t.teardown(() => server.close())
  return { ...fixture, path, server, parts, went }
}

/** Sends a request, or a line that should be one; gives the lines of the answer, up to the end of the connection. */
export async function ask(socketPath: string, request: Request | string): Promise<AnswerLine[]> {
  const socket = connect(socketPath)
  socket.end(typeof request === 'string' ? request : `${JSON.stringify(request)}\n`)
  let text = ''
  for await (const piece of socket.setEncoding('utf8')) text += piece
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}
