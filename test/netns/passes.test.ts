import { ask } from '../lib/http.js'
import { dr } from '../lib/lab-dr.js'
import { labTest } from '../lib/lab-test.js'
import { startNginx } from '../lib/nginx.js'

/** An echo server, and a client that sends a line only when the last one has come back: as somebody types. */
const echoServer = `
  require('node:net').createServer((socket) => socket.pipe(socket)).listen(22, () => console.log('listening'))`
const typist = (address: string, lines: number) => `
  const socket = require('node:net').connect(22, '${address}').setEncoding('utf8')
  let sent = 0
  const type = () => (sent++ < ${lines} ? socket.write('line ' + sent) : socket.end())
  let echoed = 0
  socket.on('connect', type).on('data', (text) => { if (text === 'line ' + sent) echoed++; type() })
  socket.on('close', () => console.log(echoed + ' echoed'))`

await labTest('what is not for a virtual service', dr, async (t, lab) => {
  const { client, directorHost, spec } = lab

  await t.test('a conversation with the director itself', async (t) => {
    const server = directorHost.namespace.spawn(process.execPath, ['-e', echoServer])
    t.teardown(() => server.kill())
    await server.says(/listening/)
    for (const [what, address] of [
      ["the director's own address", directorHost.address],
      ['the VIP', spec.vip],
    ] as const) {
      const typed = await client.namespace.exec(process.execPath, ['-e', typist(address, 50)], { timeoutMs: 10_000 })
      t.equal(typed.trim(), '50 echoed', what)
    }
  })

  await t.test('HTTP to the director itself', async (t) => {
    await startNginx(directorHost, lab.workspace.temporaryDirectory('director-web'), lab.filesDirectory)
    t.equal((await ask(client.namespace, `http://${directorHost.address}/`)).server, 'director', "the service's port")
    t.match((await ask(client.namespace, lab.url)).server, /^server[12]$/, 'the service is served by real servers')
    await lab.director.ipvsadm('-C')
    t.equal((await ask(client.namespace, lab.url)).server, 'director', 'without a service the VIP is an address')
  })
})
