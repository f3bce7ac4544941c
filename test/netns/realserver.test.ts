import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkoutFile } from '../lib/checkout.js'
import { xlvsCommand } from '../lib/director-process.js'
import { type Host, Network, whyNoNamespaces } from '../lib/network.js'
import type { ExecResult } from '../lib/process.js'
import { Workspace } from '../lib/workspace.js'

const vip = '192.168.0.1'
const otherVip = '192.168.0.2'
const rip = '192.168.0.100'
const pinRoot = '/sys/fs/bpf/xlvs-realserver'
const passObject = checkoutFile('build/test/bpf/pass.bpf.o')

const reason = await whyNoNamespaces()

/** A real server and a client on one segment, and nothing set up yet. */
async function segment(t: Test) {
  const workspace = new Workspace()
  t.teardown(() => workspace.close())
  const network = await Network.create(workspace)
  const on = (address: string) => ({ interfaces: [{ segment: 'lan', address: `${address}/24` }] })
  const [server, client] = await Promise.all([
    network.host('rs1', { ...on(rip), gateway: '192.168.0.254' }),
    network.host('client', on('192.168.0.50')),
  ])
  const namespaceId = /\d+/.exec(await server.namespace.exec('readlink', ['/proc/self/ns/net']))?.[0]
  const pins = () => namesIn(pinRoot).filter((name) => name.startsWith(`${namespaceId}-`))
  t.teardown(() => pins().map((name) => rmSync(join(pinRoot, name), { recursive: true })))
  const env = { XLVS_RUNTIME_DIR: workspace.temporaryDirectory('run') }
  const realServer = (...args: string[]) => server.namespace.try(xlvsCommand, ['realserver', ...args], { env })
  return { server, client, realServer, pins, runtimeDir: env.XLVS_RUNTIME_DIR }
}

/** Everything that start may change. */
async function snapshot({ namespace }: Host): Promise<unknown> {
  const settings = ['all', 'lo', 'eth0'].flatMap((device) =>
    ['arp_ignore', 'arp_announce', 'rp_filter'].map((name) => `net.ipv4.conf.${device}.${name}`),
  )
  return {
    addresses: await namespace.ipJson('address', 'show'),
    routes: await namespace.ipJson('route', 'show', 'table', 'all'),
    sysctls: await namespace.exec('sysctl', settings),
  }
}

/** The MAC that the client finds for an address by ARP, if anybody answers. */
async function resolve({ namespace }: Host, address: string): Promise<string | undefined> {
  // A question of before that goes unanswered fails seconds later, and takes what was asked since with it.
  await namespace.ip([`neigh flush to ${address}`])
  await namespace.try('curl', ['--silent', '--connect-timeout', '1', `http://${address}/`])
  const [row] = await namespace.ipJson<{ lladdr?: string }[]>('neighbour', 'show', 'to', address)
  return row?.lladdr
}

function assertOk(t: Test, { status, stdout, stderr }: ExecResult, what: string): void {
  t.equal(status, 0, `${what}: ${stdout}${stderr}`)
}

/** Lines of a status, without the ones that are in place. */
function missing({ stdout }: ExecResult): string[] {
  return stdout.split('\n').filter((line) => line.startsWith('missing'))
}

t.test('a real server of LVS/DR', { skip: reason ?? false }, async (t) => {
  const { server, client, realServer, runtimeDir } = await segment(t)
  const { namespace } = server
  await namespace.sysctl({ 'net.ipv4.conf.lo.arp_announce': 2 })
  const before = await snapshot(server)

  t.test('status before: what is missing is named', async (t) => {
    const status = await realServer('status', '--vip', vip)
    t.equal(status.status, 1)
    t.equal(missing(status).length, 5)
    t.match(status.stdout, /^ok +sysctl net\.ipv4\.conf\.lo\.arp_announce = 2$/m)
    t.match(status.stdout, /^missing +address 192\.168\.0\.1\/32 on lo$/m)
  })

  t.test('stop before start says so', async (t) => {
    const stop = await realServer('stop', '--vip', vip)
    t.equal(stop.status, 1)
    t.match(stop.stderr, /192\.168\.0\.1 was not set up/)
    t.same(await snapshot(server), before)
  })

  t.test('start refuses what cannot be, and changes nothing', async (t) => {
    const cases: [args: string[], message: RegExp][] = [
      [['--vip', '127.0.0.1'], /vip: '127\.0\.0\.1' is a loopback address/],
      [['--vip', '127.8.9.10', '--tunnel'], /vip: '127\.8\.9\.10' is a loopback address/],
      [['--vip', rip], /vip: 192\.168\.0\.100 is an address of eth0/],
      [['--vip', rip, '--tunnel'], /vip: 192\.168\.0\.100 is an address of eth0/],
      [['--vip', vip, '--interface', 'eth7'], /interface: there is no interface 'eth7' \(there are: lo, eth0\)/],
    ]
    for (const [args, message] of cases) {
      const start = await realServer('start', ...args)
      t.equal(start.status, 1, args.join(' '))
      t.match(start.stderr, message)
    }
    t.same(await snapshot(server), before)
    t.same(readdirSync(runtimeDir), [])
  })

  t.test('a VIP with another mask is refused, and no status calls it right', async (t) => {
    await namespace.ip([`address add ${vip}/24 dev lo`])
    const start = await realServer('start', '--vip', vip)
    t.equal(start.status, 1)
    t.match(start.stderr, /^xlvs: vip: 192\.168\.0\.1\/24 is on lo, .*: ip address del 192\.168\.0\.1\/24 dev lo\n$/)
    await namespace.ip([`address add ${vip}/32 dev lo`])
    const wrong = missing(await realServer('status', '--vip', vip)).filter((line) => line.includes('192.168.0.1 on lo'))
    t.same(wrong, ['missing  mask /32 of 192.168.0.1 on lo: it is /24, and all of that network local'])
    await namespace.ip([`address del ${vip}/24 dev lo`, `address del ${vip}/32 dev lo`])
    t.same(await snapshot(server), before)
  })

  t.test('without CAP_NET_ADMIN it says so, and status works', async (t) => {
    const bare = (verb: string) =>
      namespace.try('setpriv', ['--bounding-set=-all', xlvsCommand, 'realserver', verb, '--vip', vip])
    for (const verb of ['start', 'stop']) {
      const { status, stderr } = await bare(verb)
      t.equal(status, 1)
      t.match(stderr, /^xlvs: realserver (start|stop): it needs CAP_NET_ADMIN; this process lacks CAP_NET_ADMIN\n$/)
    }
    t.match((await bare('status')).stdout, /^missing +address/m)
    t.same(await snapshot(server), before)
  })

  t.test('start, twice', async (t) => {
    assertOk(t, await realServer('start', '--vip', vip), 'start')
    assertOk(t, await realServer('start', '--vip', vip), 'start again')
    assertOk(t, await realServer('status', '--vip', vip), 'status')
    t.equal(await resolve(client, rip), server.mac, 'ARP is answered for its own address')
    t.equal(await resolve(client, vip), undefined, 'ARP is not answered for the VIP')
  })

  t.test('status says what somebody took away, start puts it back', async (t) => {
    await namespace.ip([`route del ${vip}/32 dev lo`])
    t.same(missing(await realServer('status', '--vip', vip)), [`missing  route ${vip} dev lo`])
    assertOk(t, await realServer('start', '--vip', vip), 'start')
    assertOk(t, await realServer('status', '--vip', vip), 'status')
  })

  t.test('a second VIP keeps what both need until it stops', async (t) => {
    assertOk(t, await realServer('start', '--vip', otherVip), 'start the other')
    assertOk(t, await realServer('stop', '--vip', vip), 'stop the first')
    assertOk(t, await realServer('status', '--vip', otherVip), 'status of the other')
    t.match(await namespace.exec('ip', ['-brief', 'address', 'show', 'dev', 'lo']), /^(?!.*192\.168\.0\.1\/).*$/m)
    assertOk(t, await realServer('stop', '--vip', otherVip), 'stop the other')
    t.same(await snapshot(server), before, 'all is as it was')
    t.same(readdirSync(runtimeDir), [])
  })

  t.test('a setting that somebody changed since is left alone', async (t) => {
    assertOk(t, await realServer('start', '--vip', vip), 'start')
    await namespace.sysctl({ 'net.ipv4.conf.all.arp_ignore': 3 })
    assertOk(t, await realServer('stop', '--vip', vip), 'stop')
    t.equal((await namespace.exec('sysctl', ['-n', 'net.ipv4.conf.all.arp_ignore'])).trim(), '3')
    await namespace.sysctl({ 'net.ipv4.conf.all.arp_ignore': 0 })
    t.same(await snapshot(server), before)
  })

  t.test('--print changes nothing; what it prints does the same', async (t) => {
    const { stdout: start } = await realServer('start', '--vip', vip, '--print')
    const { stdout: stop } = await realServer('stop', '--vip', vip, '--print')
    t.same(await snapshot(server), before)
    await namespace.exec('sh', ['-ec', start])
    assertOk(t, await realServer('status', '--vip', vip), 'status')
    await namespace.exec('sh', ['-ec', stop])
    await namespace.sysctl({ 'net.ipv4.conf.lo.arp_announce': 2 })
    t.same(await snapshot(server), before)
  })

  t.test('without the settings ARP is answered: the check above can fail', async (t) => {
    await namespace.ip([`address add ${vip}/32 dev lo`])
    t.equal(await resolve(client, vip), server.mac)
  })
})

t.test('a real server of LVS/TUN without tunl0', { skip: reason ?? false }, async (t) => {
  const { server, client, realServer, pins } = await segment(t)
  const { namespace } = server
  // Strict filtering in force through `all`, as many distributions have it.
  await namespace.sysctl({ 'net.ipv4.conf.all.rp_filter': 1 })
  const before = await snapshot(server)

  t.test('start, on the interface of the default route', async (t) => {
    assertOk(t, await realServer('start', '--vip', vip, '--tunnel'), 'start')
    assertOk(t, await realServer('start', '--vip', vip, '--tunnel'), 'start again')
    const status = await realServer('status', '--vip', vip)
    assertOk(t, status, 'status')
    t.match(status.stdout, /^ok +program decap for 192\.168\.0\.1 on eth0$/m)
    t.match(status.stdout, /^ok +sysctl net\.ipv4\.conf\.eth0\.rp_filter = 2$/m)
    t.equal(await resolve(client, vip), undefined, 'ARP is not answered for the VIP')
    const direct = await realServer('start', '--vip', vip)
    t.equal(direct.status, 1)
    t.match(direct.stderr, /set up already \(tunnel on eth0, not direct routing\)/)
  })

  t.test('a second VIP shares the program, which goes with the last', async (t) => {
    assertOk(t, await realServer('start', '--vip', otherVip, '--tunnel', '--interface', 'eth0'), 'start the other')
    assertOk(t, await realServer('stop', '--vip', vip), 'stop the first')
    assertOk(t, await realServer('status', '--vip', otherVip), 'status of the other')
    assertOk(t, await realServer('stop', '--vip', otherVip), 'stop the other')
    t.same(await snapshot(server), before, 'all is as it was, the XDP program included')
    t.same(pins(), [], 'no pins are left')
  })

  t.test('an interface that does not exist', async (t) => {
    const start = await realServer('start', '--vip', vip, '--tunnel', '--interface', 'eth7')
    t.equal(start.status, 1)
    t.match(start.stderr, /interface: there is no interface 'eth7' \(there are: lo, eth0\)/)
    t.same(await snapshot(server), before)
  })

  t.test('an interface with another program', async (t) => {
    await namespace.ip([`link set eth0 xdp object ${passObject} section xdp`])
    const withProgram = await snapshot(server)
    const start = await realServer('start', '--vip', vip, '--tunnel')
    t.equal(start.status, 1)
    t.match(start.stderr, /interface eth0: it has another XDP program/)
    t.same(await snapshot(server), withProgram, 'what was done before the refusal is undone')
    t.same(pins(), [], 'no pins are left')
  })
})

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}
