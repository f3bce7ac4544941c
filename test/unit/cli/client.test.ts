import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { socketName } from '../../../src/api/protocol.js'
import { type ControlClient, controlClient } from '../../../src/cli/client.js'
import type { Connection } from '../../../src/core/connection.js'
import { fakeDirector } from '../../lib/fake-director.js'

async function tempDir(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'xlvs-client-'))
  t.teardown(() => rm(dir, { recursive: true }))
  return dir
}

/** A client of a server with answers of its own. */
async function clientOf(t: Test, listener: (socket: Socket) => void): Promise<ControlClient> {
  const dir = await tempDir(t)
  const server = createServer(listener).listen(join(dir, socketName))
  await once(server, 'listening')
  t.teardown(() => server.close())
  return controlClient(dir)
}

t.test('asks a director', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const client = controlClient(director.runtimeDir)
  director.judge = ({ type }) => (type === 'zero' ? { code: 'INVALID', message: 'no' } : null)
  t.same(await client.commands([{ type: 'flush' }, { type: 'zero' }]), [null, { code: 'INVALID', message: 'no' }])
  t.same(await client.services(), { services: [], tableSize: 4096 })
  t.same(await client.timeouts(), { tcpS: 900, tcpFinS: 120, udpS: 300 })
  await client.down()
  t.same(director.requests.at(-1), 'down')
  await t.rejects(client.services({ protocol: 'udp', vip: '192.0.2.10', vport: 53 }), {
    name: 'DirectorError',
    code: 'NO_SUCH_SERVICE',
  })
})

t.test('nobody listens', async (t) => {
  const dir = await tempDir(t)
  const client = controlClient(dir)
  const notRunning = { code: 'NOT_RUNNING', message: `no director answers at ${dir}/xlvs.sock` }
  await t.rejects(client.status(), notRunning, 'no socket')
  await t.rejects(controlClient(join(dir, 'nowhere')).status(), { code: 'NOT_RUNNING' }, 'no directory')

  const server = createServer().listen(join(dir, socketName))
  await once(server, 'listening')
  // A socket that is left over: the file without its listener.
  await new Promise<void>((resolve) => server.close(() => resolve()))
  await writeFile(join(dir, socketName), '')
  await t.rejects(client.status(), notRunning, 'no listener')
})

t.test('an answer that is not the director’s', async (t) => {
  for (const answer of ['<html>\n', '7\n', 'null\n']) {
    const client = await clientOf(t, (socket) => socket.end(answer))
    await t.rejects(client.status(), {
      code: 'INTERNAL',
      message: `unexpected answer on the control socket: ${answer.trim()}`,
    })
  }
})

t.test('an answer that breaks off', async (t) => {
  const answers = ['', '{"connections":[{"protocol":"tcp"}]}\n', '{"connections":[{"protocol":"tcp"}]}\n{"conn']
  for (const answer of answers) {
    const client = await clientOf(t, (socket) => socket.end(answer))
    const got: Connection[] = []
    await t.rejects(
      async () => {
        for await (const batch of client.connections()) got.push(...batch)
      },
      { name: 'DirectorError', code: 'INTERNAL' },
    )
    t.same(got, answer === '' ? [] : [{ protocol: 'tcp' }])
    await t.rejects(client.status(), { name: 'DirectorError', code: 'INTERNAL' })
  }
})
