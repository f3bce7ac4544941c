/** Questions and dumps over a real socket; answers taken apart by hand. */
import t from 'tap'
import type { ServiceView } from '../../../src/api/protocol.js'
import { ipvsVersion } from '../../../src/cli/ipvsadm/table.js'
import { type Fixture, routed, sendBurst, web } from '../director/fixture.js'
import { ACK, attr, command, DUMP, key, REQUEST, text, u16 } from './bytes.js'
import { DONE, ERROR, errnoName, ipvsServed } from './fixture.js'

const [GET_SERVICE, GET_DEST, GET_DAEMON, GET_CONFIG, GET_INFO] = [4, 8, 11, 13, 15]

/** Attributes by type, nested ones too where their types are given. */
function attributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; at += (bytes.readUInt16LE(at) + 3) & ~3) {
    found.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 4, at + bytes.readUInt16LE(at)))
  }
  return found
}

/** Numbers of statistics by the numbers of their attributes, from 1 on. */
function figures(bytes: Buffer | undefined): number[] {
  const values = [...attributes(bytes ?? Buffer.alloc(0)).values()]
  return values.map((value) => (value.length === 8 ? Number(value.readBigUInt64LE()) : value.readUInt32LE()))
}

/** Two servers with traffic, some of it of now. */
async function busy(fixture: Fixture): Promise<ServiceView> {
  const { director, clock } = fixture
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'rr' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11', 3) })
  director.execute({ type: 'add-server', key: web, server: { ...routed('10.0.0.12', 0), forwarding: 'tunnel' } })
  sendBurst(fixture, web)
  await clock.advance(2000)
  const [view] = director.services(web)
  if (!view) throw new Error('no service')
  return view
}

t.test('the family', async (t) => {
  const { client } = await ipvsServed(t)
  const [family, ack] = await client.ask(command(3, [attr(2, text('IPVS'))], { type: 16 }))
  t.match(family, { type: 16, flags: 0, seq: 7, pid: 4242 })
  t.strictSame(family?.payload.subarray(0, 4), Buffer.from([1, 2, 0, 0]), 'NEWFAMILY, of version 2 of the controller')
  const told = attributes(family?.payload.subarray(4) ?? Buffer.alloc(0))
  t.equal(told.get(2)?.toString(), 'IPVS\0')
  t.equal(told.get(1)?.readUInt16LE(), 1023)
  t.equal(told.get(5)?.readUInt32LE(), 6)
  t.equal(attributes(told.get(6) ?? Buffer.alloc(0)).size, 16, 'operations')
  t.equal(errnoName(ack), 'ok')

  const ask = async (...more: Buffer[]) => errnoName((await client.ask(command(3, more, { type: 16 }))).at(-1))
  t.equal(await ask(attr(1, u16(1023))), 'ok', 'by its id')
  t.equal(await ask(attr(1, u16(16))), 'ENOENT')
  t.equal(await ask(attr(2, text('nl80211'))), 'ENOENT')
  t.equal(await ask(attr(1, u16(1023)), attr(2, text('nl80211'))), 'ENOENT', 'the name counts')
  t.equal(await ask(attr(2, Buffer.from('IPVS'))), 'EINVAL', 'without its end')
  t.equal(await ask(attr(2, text('x'.repeat(16)))), 'EINVAL', 'longer than GENL_NAMSIZ')
  t.equal(await ask(), 'EINVAL')
  t.equal(errnoName((await client.ask(command(10, [], { type: 16 }))).at(-1)), 'EOPNOTSUPP', 'another command')
})

t.test('version, size and timeouts', async (t) => {
  const { client } = await ipvsServed(t)
  const [info] = await client.ask(command(GET_INFO))
  t.strictSame(info?.payload.subarray(0, 4), Buffer.from([14, 1, 0, 0]), 'SET_INFO')
  const figures = attributes(info?.payload.subarray(4) ?? Buffer.alloc(0))
  const version = figures.get(1)?.readUInt32LE() ?? 0
  t.equal([version >> 16, (version >> 8) & 0xff, version & 0xff].join('.'), ipvsVersion, 'that of our ipvsadm')
  t.equal(figures.get(2)?.readUInt32LE(), 1024)
  const [config] = await client.ask(command(GET_CONFIG))
  t.strictSame(config?.payload.subarray(0, 4), Buffer.from([12, 1, 0, 0]), 'SET_CONFIG')
  const timeouts = attributes(config?.payload.subarray(4) ?? Buffer.alloc(0))
  t.strictSame(
    [4, 5, 6].map((type) => timeouts.get(type)?.readUInt32LE()),
    [900, 120, 300],
  )
})

t.test('a service, alone and in a dump', async (t) => {
  const fixture = await ipvsServed(t)
  const { client } = fixture
  const { traffic, rates } = await busy(fixture)
  const [single, ack] = await client.ask(command(GET_SERVICE, [key('192.0.2.10', 80)]))
  t.match(single, { type: 1023, flags: 0, seq: 7, pid: 4242 })
  t.equal(errnoName(ack), 'ok')
  const [dumped, done] = await client.ask(command(GET_SERVICE, [], { flags: REQUEST | DUMP }))
  t.match(dumped, { type: 1023, flags: 2, seq: 7, pid: 4242 })
  t.match(done, { type: DONE, flags: 2, seq: 7, pid: 4242, payload: Buffer.alloc(4) })
  t.strictSame(dumped?.payload, single?.payload)

  const service = attributes(attributes(dumped?.payload.subarray(4) ?? Buffer.alloc(0)).get(1) ?? Buffer.alloc(0))
  const told = [
    [1, '0200'],
    [2, '0600'],
    [3, 'c000020a000000000000000000000000'],
    [4, '0050'],
    [6, '727200'],
    [7, '02000000ffffffff'],
    [8, '00000000'],
    [9, 'ffffffff'],
  ] as const
  for (const [type, bytes] of told) t.equal(service.get(type)?.toString('hex'), bytes, `attribute ${type}`)
  const expected = [traffic.conns, traffic.inPackets, 0, traffic.inBytes, 0, rates.cps, rates.inPps, 0, rates.inBps, 0]
  t.ok(rates.cps > 0 && rates.inBps > 0)
  t.strictSame(figures(service.get(10)), expected)
  t.strictSame(figures(service.get(12)), expected)
})

t.test('servers, newest first', async (t) => {
  const fixture = await ipvsServed(t)
  const { client } = fixture
  const { servers } = await busy(fixture)
  const dests = (await client.dump(GET_DEST, [key('192.0.2.10', 80)])).map((bytes) =>
    attributes(attributes(bytes).get(2) ?? Buffer.alloc(0)),
  )
  const hexes = (type: number) => dests.map((dest) => dest.get(type)?.toString('hex'))
  t.strictSame(hexes(1), ['0a00000c000000000000000000000000', '0a00000b000000000000000000000000'])
  t.strictSame(hexes(2), ['0050', '0050'])
  t.strictSame(hexes(3), ['02000000', '03000000'], 'tunnel and routing')
  t.strictSame(hexes(4), ['00000000', '03000000'], 'weights')
  for (const type of [5, 6, 9]) t.strictSame(hexes(type), ['00000000', '00000000'], `attribute ${type}`)
  t.strictSame(hexes(11), ['0200', '0200'])
  t.strictSame(
    [13, 14, 15].map(hexes),
    [
      ['00', '00'],
      ['0000', '0000'],
      ['0000', '0000'],
    ],
    'IPIP',
  )
  for (const [i, { active, inactive, traffic, rates }] of servers.entries()) {
    t.strictSame([dests[i]?.get(7)?.readUInt32LE(), dests[i]?.get(8)?.readUInt32LE()], [active, inactive])
    const expected = [
      traffic.conns,
      traffic.inPackets,
      0,
      traffic.inBytes,
      0,
      rates.cps,
      rates.inPps,
      0,
      rates.inBps,
      0,
    ]
    t.strictSame(figures(dests[i]?.get(12)), expected)
  }
  t.ok(servers.some(({ active, inactive }) => active === 3 && inactive === 97))
})

t.test('dumps of nothing', async (t) => {
  const { client } = await ipvsServed(t)
  t.strictSame(await client.dump(GET_SERVICE), [])
  t.strictSame(await client.dump(GET_DAEMON), [])
  t.strictSame(await client.dump(GET_DEST, [key('192.0.2.10', 80)]), [], 'an absent service')
  t.strictSame(await client.dump(GET_DEST), [], 'no service')
  t.strictSame(await client.dump(GET_DEST, [attr(1, u16(1))]), [], 'what is none')
})

t.test('half of NLM_F_DUMP is no dump, and a dump has no ack', async (t) => {
  const fixture = await ipvsServed(t)
  const { client } = fixture
  await busy(fixture)
  const flags = REQUEST | ACK | 0x100
  t.match(await client.ask(command(GET_SERVICE, [key('192.0.2.10', 80)], { flags })), [{ flags: 0 }, { type: ERROR }])
  client.send(command(GET_SERVICE, [], { flags: REQUEST | ACK | DUMP }), command(GET_INFO, [], { seq: 8 }))
  t.match(await client.next(), { type: 1023, seq: 7 })
  t.match(await client.next(), { type: DONE, seq: 7 })
  t.match(await client.next(), { type: 1023, seq: 8 })
})

t.test('of counters beyond 32 bits one statistic tells the lower half', async (t) => {
  const fixture = await ipvsServed(t)
  const view = await busy(fixture)
  const traffic = { conns: 2 ** 32 + 1, inPackets: 2 ** 33 + 2, inBytes: 2 ** 40 + 3 }
  fixture.director.services = () => [{ ...view, traffic, servers: [] }]
  const [bytes] = await fixture.client.dump(GET_SERVICE)
  const service = attributes(attributes(bytes ?? Buffer.alloc(0)).get(1) ?? Buffer.alloc(0))
  t.strictSame(figures(service.get(10)).slice(0, 4), [1, 2, 0, 2 ** 40 + 3])
  t.strictSame(figures(service.get(12)).slice(0, 4), [2 ** 32 + 1, 2 ** 33 + 2, 0, 2 ** 40 + 3])
})

t.test('a large dump', async (t) => {
  const { client, director } = await ipvsServed(t)
  const vips = Array.from({ length: 2000 }, (_, i) => `10.1.${i >> 8}.${i & 0xff}`)
  director.executeAll(
    vips.map(
      (vip) => ({ type: 'add-service', service: { protocol: 'tcp', vip, vport: 80, scheduler: 'rr' } }) as const,
    ),
  )
  const services = await client.dump(GET_SERVICE)
  const addresses = services.map((bytes) => attributes(attributes(bytes).get(1) ?? Buffer.alloc(0)).get(3))
  t.strictSame(addresses.map((bytes) => bytes?.subarray(0, 4).join('.')).sort(), vips.sort())
})

t.test('a dump that breaks off says so at its end', async (t) => {
  const { client, director, log } = await ipvsServed(t)
  director.services = () => {
    throw new Error('EFAULT')
  }
  const answers = await client.ask(command(GET_SERVICE, [], { flags: REQUEST | DUMP }))
  t.match(answers, [{ type: DONE }])
  t.equal(answers[0]?.payload.readInt32LE(), -5)
  t.ok(log.lines.includes('error netlink request failed'))
})
