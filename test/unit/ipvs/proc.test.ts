/** Files of /proc/net, to the byte. The formats are those of seq_printf in ip_vs_ctl.c and ip_vs_conn.c. */
import t from 'tap'
import { MemoryDataplane } from '../../lib/memory-dataplane.js'
import { dns, routed, web } from '../director/fixture.js'
import { ACK, attr, command, DUMP, REQUEST, text } from './bytes.js'
import { DONE, errnoName, type IpvsServed, ipvsServed, type NetlinkClient } from './fixture.js'

const PROC_READ = 64

/** The pieces of a file, by hand: attribute 2 of each message. */
async function pieces(client: NetlinkClient, name: string): Promise<string[]> {
  const messages = await client.dump(PROC_READ, [attr(1, text(name))])
  return messages.map((bytes) => {
    if (bytes.readUInt16LE(2) !== 2) throw new Error('no text')
    return bytes.toString('latin1', 4, bytes.readUInt16LE(0))
  })
}

const file = async (client: NetlinkClient, name: string) => (await pieces(client, name)).join('')

function twoServices({ director }: IpvsServed): void {
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'wlc' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11', 100) })
  director.execute({
    type: 'add-server',
    key: web,
    server: { ...routed('10.0.0.12'), forwarding: 'tunnel', weight: 0 },
  })
  director.execute({ type: 'add-service', service: { ...dns, scheduler: 'rr' } })
}

t.test('an idle director, as Debian’s kernel 6.1 writes it', async (t) => {
  const { client } = await ipvsServed(t)
  t.equal(
    await file(client, 'ip_vs'),
    'IP Virtual Server version 1.2.1 (size=1024)\n' +
      'Prot LocalAddress:Port Scheduler Flags\n' +
      '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n',
  )
  t.equal(
    await file(client, 'ip_vs_conn'),
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n',
  )
  t.equal(
    await file(client, 'ip_vs_stats'),
    '   Total Incoming Outgoing         Incoming         Outgoing\n' +
      '   Conns  Packets  Packets            Bytes            Bytes\n' +
      '       0        0        0                0                0\n' +
      '\n' +
      ' Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n' +
      '       0        0        0                0                0\n',
  )
})

t.test('services and servers', async (t) => {
  const served = await ipvsServed(t)
  twoServices(served)
  served.dataplane.connect(web, 12)
  const lines = (await file(served.client, 'ip_vs')).split('\n').slice(3)
  t.strictSame(lines, [
    'TCP  C000020A:0050 wlc  ',
    '  -> 0A00000C:0050      Tunnel  0      0          0         ',
    '  -> 0A00000B:0050      Route   100    12         0         ',
    'UDP  C000020A:0035 rr  ',
    '',
  ])
})

t.test('connections', async (t) => {
  const served = await ipvsServed(t)
  twoServices(served)
  const [client] = served.dataplane.connect(web)
  if (!client) throw new Error('no client')
  await served.clock.advance(10_500)
  const [, line] = (await file(served.client, 'ip_vs_conn')).split('\n')
  // Clients of the MemoryDataplane are 198.51.100.1, their ports begin at 1024.
  t.equal(line, 'TCP C6336401 0400 C000020A 0050 0A00000B 0050 SYN_RECV         49')
  served.dataplane.send(client)
  const [, established] = (await file(served.client, 'ip_vs_conn')).split('\n')
  t.equal(established, 'TCP C6336401 0400 C000020A 0050 0A00000B 0050 ESTABLISHED     900')
})

t.test('totals, and rates of now', async (t) => {
  const served = await ipvsServed(t)
  twoServices(served)
  served.dataplane.connect(web, 256)
  await served.clock.advance(2000)
  const lines = (await file(served.client, 'ip_vs_stats')).split('\n')
  t.equal(lines[2], '     100      100        0             4000                0')
  const { cps, inPps, inBps } = served.director.services(web)[0]?.rates ?? { cps: 0, inPps: 0, inBps: 0 }
  const [rates] = lines.slice(5)
  const hex = (value: number, width: number) => value.toString(16).toUpperCase().padStart(width)
  t.ok(cps > 0)
  t.equal(rates, `${hex(cps, 8)} ${hex(inPps, 8)}        0 ${hex(inBps, 16)}                0`)
  served.director.execute({ type: 'delete-service', key: web })
  const after = (await file(served.client, 'ip_vs_stats')).split('\n')
  t.equal(after[2], lines[2], 'what went with its service is in the totals')
})

t.test('a long file comes in many messages', async (t) => {
  const served = await ipvsServed(t, { dataplane: new MemoryDataplane({ sets: 1024 }) })
  twoServices(served)
  served.dataplane.connect(web, 3000)
  const messages = await pieces(served.client, 'ip_vs_conn')
  t.ok(messages.length > 5 && messages.every((piece) => piece.length <= 16_384))
  const lines = messages.join('').trimEnd().split('\n')
  t.equal(new Set(lines).size, 3001)
  t.ok(lines.slice(1).every((line) => line.length === 65))
})

t.test('names', async (t) => {
  const { client } = await ipvsServed(t)
  const asked = async (...attributes: Buffer[]) => {
    const answers = await client.ask(command(PROC_READ, attributes, { flags: REQUEST | ACK }))
    return answers.at(-1)
  }
  t.equal(errnoName(await asked(attr(1, text('ip_vs_app')))), 'ENOENT')
  t.equal(errnoName(await asked(attr(1, Buffer.from('ip_vs')))), 'EINVAL', 'without its end')
  t.equal(errnoName(await asked(attr(1, text('x'.repeat(40))))), 'EINVAL')
  t.equal(errnoName(await asked()), 'EINVAL')
  t.match(await asked(attr(1, text('ip_vs'))), { type: DONE }, 'a dump also without the flag')
  const dump = await client.ask(command(PROC_READ, [attr(1, text('nothing'))], { flags: REQUEST | DUMP }))
  t.equal(errnoName(dump.at(-1)), 'ENOENT')
})

t.test('a listing that fails half way says so at its end', async (t) => {
  const served = await ipvsServed(t)
  twoServices(served)
  served.dataplane.connect(web, 10)
  const list = served.dataplane.connections.bind(served.dataplane)
  served.dataplane.connections = async function* () {
    yield* list()
    throw new Error('EFAULT')
  }
  const answers = await served.client.ask(command(PROC_READ, [attr(1, text('ip_vs_conn'))]))
  t.match(answers.at(-1), { type: DONE })
  t.equal(answers.at(-1)?.payload.readInt32LE(), -5)
})
