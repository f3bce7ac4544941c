import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type ApiServer, serveApi } from '../../../src/api/server.js'
import { type Fixture, startedDirector } from '../director/fixture.js'

export interface Served extends Fixture {
  readonly path: string
  readonly server: ApiServer
  /** How often the director was taken out of the path, and the process told to end. */
  readonly went: string[]
}

/** A path for a socket that is removed with the test; short, as addresses of Unix sockets have to be. */
export function socketPath(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'xlvs-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 's')
}

/** A director behind a control socket of its own. */
export async function served(t: Test): Promise<Served> {
  const fixture = await startedDirector()
  const path = socketPath(t)
  const went: string[] = []
  const parts = {
    director: fixture.director,
    version: '1.2.3',
    pinDir: '/sys/fs/bpf/xlvs',
    down: async () => void went.push('down'),
    ended: () => void went.push('ended'),
  }
  const server = await serveApi(path, parts, fixture.log)
  t.teardown(() => server.close())
  return { ...fixture, path, server, went }
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: unknown
}

/** One request over the socket; a body that is no string is sent as JSON. */
export function ask(socketPath: string, method: string, path: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, agent: false }, async (response) => {
      try {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        const { statusCode = 0, headers } = response
        const isJson = headers['content-type'] === 'application/json'
        resolve({ status: statusCode, headers, text, body: isJson ? JSON.parse(text) : undefined })
      } catch (error) {
        reject(error)
      }
    })
    sent.once('error', reject)
    sent.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  })
}
