/** Commands that change something, over a real socket, in bytes by hand. */
import { once } from 'node:events'
import t from 'tap'
import { dns, routed, web } from '../director/fixture.js'
import { attr, command, DUMP, dest, destKey, key, REQUEST, service, u32, udp } from './bytes.js'
import { errnoName, ipvsServed } from './fixture.js'

const [NEW_SERVICE, SET_SERVICE, DEL_SERVICE] = [1, 2, 3]
const [NEW_DEST, SET_DEST, DEL_DEST] = [5, 6, 7]
const [GET_SERVICE, SET_CONFIG, ZERO, FLUSH] = [4, 12, 16, 17]

const webKey = key('192.0.2.10', 80)

t.test('services and servers come, change and go', async (t) => {
  const served = await ipvsServed(t)
  const { client, director } = served
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80, { scheduler: 'rr' })), 'ok')
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 53, { protocol: udp })), 'ok')
  t.equal(await client.result(NEW_DEST, webKey, dest('10.0.0.11', 80, { weight: 3 })), 'ok')
  t.equal(await client.result(NEW_DEST, webKey, dest('10.0.0.12', 80, { fwd: 2, weight: 0x7fffffff })), 'ok')
  t.match(director.services(web), [
    {
      scheduler: 'rr',
      servers: [
        { rip: '10.0.0.12', rport: 80, forwarding: 'tunnel', weight: 0x7fffffff },
        { rip: '10.0.0.11', rport: 80, forwarding: 'route', weight: 3 },
      ],
    },
  ])
  t.match(director.services(dns), [{ scheduler: 'wlc', servers: [] }])

  t.equal(await client.result(SET_SERVICE, service('192.0.2.10', 80, { scheduler: 'wrr' })), 'ok')
  t.equal(await client.result(SET_DEST, webKey, dest('10.0.0.12', 80, { weight: 0 })), 'ok')
  t.match(director.services(web), [
    { scheduler: 'wrr', servers: [{ rip: '10.0.0.12', forwarding: 'route', weight: 0 }, { rip: '10.0.0.11' }] },
  ])

  t.equal(await client.result(DEL_DEST, webKey, destKey('10.0.0.12', 80)), 'ok')
  t.match(director.services(web), [{ servers: [{ rip: '10.0.0.11' }] }])
  t.equal(await client.result(DEL_SERVICE, webKey), 'ok')
  t.match(director.services(), [{ ...dns }])
  t.equal(await client.result(FLUSH), 'ok')
  t.strictSame(director.services(), [])
  t.equal(served.changed, 9, 'and each was reported')
})

t.test('timeouts: what is absent or 0 stays', async (t) => {
  const { client, director } = await ipvsServed(t)
  t.equal(await client.result(SET_CONFIG, attr(4, u32(10)), attr(5, u32(20)), attr(6, u32(30))), 'ok')
  t.strictSame(director.timeouts(), { tcpS: 10, tcpFinS: 20, udpS: 30 })
  t.equal(await client.result(SET_CONFIG, attr(4, u32(0)), attr(6, u32(31))), 'ok')
  t.strictSame(director.timeouts(), { tcpS: 10, tcpFinS: 20, udpS: 31 })
  for (const seconds of [0xffff_ffff, 0x7fff_ffff]) {
    t.equal(await client.result(SET_CONFIG, attr(4, u32(seconds))), 'EINVAL')
  }
  t.strictSame(director.timeouts(), { tcpS: 10, tcpFinS: 20, udpS: 31 })
})

t.test('counters of one service or of all begin anew', async (t) => {
  const { client, director, dataplane } = await ipvsServed(t)
  for (const it of [web, dns]) {
    director.execute({ type: 'add-service', service: { ...it, scheduler: 'rr' } })
    director.execute({ type: 'add-server', key: it, server: { ...routed('10.0.0.11'), rport: it.vport } })
    dataplane.connect(it, 5)
  }
  const conns = () => director.services().map(({ traffic }) => traffic.conns)
  t.equal(await client.result(ZERO, webKey), 'ok')
  t.strictSame(conns().sort(), [0, 5])
  t.equal(await client.result(ZERO), 'ok')
  t.strictSame(conns(), [0, 0])
})

t.test('many commands in one write, each answered in order', async (t) => {
  const { client, director } = await ipvsServed(t)
  const vips = Array.from({ length: 300 }, (_, i) => `192.0.${i >> 8}.${i & 0xff}`)
  client.send(...vips.map((vip, seq) => command(NEW_SERVICE, [service(vip, 80)], { seq })))
  for (const seq of vips.keys()) {
    const answer = await client.next()
    t.match(answer, { seq, pid: 4242 })
    if (errnoName(answer) !== 'ok') t.fail(`${vips[seq]}: ${errnoName(answer)}`)
  }
  t.equal(director.services().length, 300)
})

t.test('a message that comes byte by byte', async (t) => {
  const { client, director } = await ipvsServed(t)
  client.socket.setNoDelay(true)
  for (const byte of command(NEW_SERVICE, [service('192.0.2.10', 80)])) {
    await new Promise((resolve) => client.socket.write(Buffer.from([byte]), resolve))
  }
  t.equal(errnoName(await client.next()), 'ok')
  t.match(director.services(), [{ ...web }])
})

t.test('who says all at once and closes his half is answered, also if he reads late', async (t) => {
  const { client, director } = await ipvsServed(t)
  const services = Array.from({ length: 3000 }, (_, i) => ({
    ...web,
    vip: `10.1.${i >> 8}.${i & 0xff}`,
    scheduler: 'rr',
  }))
  director.executeAll(services.map((service) => ({ type: 'add-service', service })))
  client.send(command(GET_SERVICE, [], { flags: REQUEST | DUMP }), command(FLUSH, [], { seq: 8 }))
  await new Promise<void>((resolve) => client.socket.end(resolve))
  await once(client.socket, 'readable')
  const sequence: number[] = []
  for (let answer = await client.next(); answer; answer = await client.next()) sequence.push(answer.seq)
  t.strictSame(sequence, [...Array(3001).fill(7), 8])
  t.strictSame(director.services(), [])
})
