import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import t from 'tap'
import { maxControlConnections } from '../../../src/api/server.js'
import { controlClient } from '../../../src/cli/client.js'
import { listenOnSocket } from '../../../src/net/unix-socket.js'
import { ask, served, socketPath } from './fixture.js'

t.test('only the owner can open it, from the moment it exists', async (t) => {
  const path = socketPath(t)
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const server = createServer()
  const listen = server.listen.bind(server) as (path: string) => typeof server
  let modeAtBirth = 0
  server.listen = ((at: string) => {
    const result = listen(at)
    modeAtBirth = statSync(at).mode & 0o777
    return result
  }) as typeof server.listen
  await listenOnSocket(server, path)
  t.equal(modeAtBirth, 0o600)
  t.equal(process.umask(), 0, 'other files keep their mode')
  await new Promise((resolve) => server.close(resolve))
  t.notOk(existsSync(path), 'removed on close')
})

t.test('a socket in use is refused and left alone', async (t) => {
  const { path } = await served(t)
  await t.rejects(listenOnSocket(createServer(), path), {
    code: 'BUSY',
    message: `another director listens on ${path}`,
  })
  t.match(await ask(path, { request: 'status' }), [{ result: {} }])
})

t.test('what a dead process left is replaced', async (t) => {
  const path = socketPath(t)
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  t.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL')
  t.ok(statSync(path).isSocket())
  const server = createServer()
  await listenOnSocket(server, path)
  t.ok(server.listening)
  await new Promise((resolve) => server.close(resolve))
})

t.test('a file is not taken for a socket', async (t) => {
  const path = socketPath(t)
  writeFileSync(path, 'precious')
  await t.rejects(listenOnSocket(createServer(), path), { code: 'INVALID', message: /exists and is not a socket/ })
  t.ok(statSync(path).isFile())
})

t.test('a directory that is not there', async (t) => {
  const path = `${dirname(socketPath(t))}/absent/s`
  await t.rejects(listenOnSocket(createServer(), path), { code: 'INVALID', message: /there is no directory .*absent$/ })
})

t.test('a command beyond the cap of connections is told why it fails', async (t) => {
  const { path, log } = await served(t)
  const held = Array.from({ length: maxControlConnections }, () => connect(path))
  t.teardown(() => {
    for (const socket of held) socket.destroy()
  })
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  const directory = dirname(path)
  renameSync(path, `${directory}/xlvs.sock`)
  await t.rejects(controlClient(directory).status(), { message: /its log says why$/ })
  t.strictSame(log.lines.at(-1), 'warn too many connections at once; those beyond the cap are closed')
})
