/** Whatever is sent, the director stands as it was, and goes on answering. Seeded: a failure can be repeated. */
import t from 'tap'
import { NetlinkError } from '../../../src/ipvs/codec/error.js'
import { decodeGenl, familyAttributes } from '../../../src/ipvs/codec/genetlink.js'
import { commandAttributes, infoAttributes } from '../../../src/ipvs/codec/ipvs.js'
import { decodeErrno, decodeMessages } from '../../../src/ipvs/codec/message.js'
import { procAttributes } from '../../../src/ipvs/codec/proc.js'
import { seededRandom } from '../../lib/random.js'
import { routed, web } from '../director/fixture.js'
import { attr, command, DUMP, dest, destKey, key, message, REQUEST, service, text, u8, u16, u32 } from './bytes.js'
import { DONE, ERROR, ipvsServed, NetlinkClient } from './fixture.js'

const seed = 20_260
const there = key('192.0.2.10', 80)

/** Sound messages to begin with: each of them, as it is, changes nothing. */
const sound: Buffer[] = [
  command(1, [service('192.0.2.10', 80)]),
  command(1, [
    service('192.0.2.11', 80, { flags: 1, more: [attr(11, text('sip')), attr(10, u32(0)), attr(12, u32(0))] }),
  ]),
  command(2, [service('192.0.2.99', 80)]),
  command(3, [key('192.0.2.99', 80)]),
  command(4, [there]),
  command(4, [], { flags: REQUEST | DUMP }),
  command(5, [
    there,
    dest('10.0.0.11', 80, { more: [attr(11, u16(2)), attr(13, u8(1)), attr(14, u16(1)), attr(15, u16(0))] }),
  ]),
  command(6, [there, dest('10.0.0.99', 80)]),
  command(7, [there, destKey('10.0.0.99', 80)]),
  command(8, [there], { flags: REQUEST | DUMP }),
  command(9, [attr(3, attr(1, u32(1)), attr(2, text('eth0')), attr(3, u32(0)), attr(6, Buffer.alloc(16)))]),
  command(10, [attr(3, attr(1, u32(1)))]),
  command(11, [], { flags: REQUEST | DUMP }),
  command(13),
  command(15),
  command(3, [attr(2, text('IPVS')), attr(1, u16(1023))], { type: 16 }),
  command(64, [attr(1, text('ip_vs'))]),
  command(64, [attr(1, text('ip_vs_conn'))]),
]

/** Commands that a random change must not make: they would do what they say. */
const harmless = (cmd: number | undefined) => ![1, 2, 3, 5, 6, 7, 12, 16, 17].includes(cmd ?? 0)

type Random = () => number

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

/** Bytes behind the header that are not what they were, or fewer, or more. */
function mutated(random: Random): Buffer {
  const payload = Buffer.from(pick(random, sound).subarray(16))
  const changes = 1 + Math.floor(random() * 4)
  for (let n = 0; n < changes; n++) {
    const at = Math.floor(random() * payload.length)
    payload[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, Math.floor(random() * 256)])
  }
  const cut = random() < 0.3 ? Math.floor(random() * payload.length) : payload.length
  const tail = random() < 0.2 ? randomBytes(random, 24) : Buffer.alloc(0)
  const flags = Math.floor(random() * 65_536) | 5
  return message(
    { type: pick(random, [16, 1023, 1023, 1023]), flags, seq: 1 },
    Buffer.concat([payload.subarray(0, cut), tail]),
  )
}

function randomBytes(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(random() * most) }, () => Math.floor(random() * 256)))
}

t.test('decoders throw nothing but NetlinkError', async (t) => {
  const random = seededRandom(seed)
  const decoders: ((bytes: Buffer) => unknown)[] = [
    (bytes) => commandAttributes.decode(bytes),
    (bytes) => infoAttributes.decode(bytes),
    (bytes) => familyAttributes.decode(bytes),
    (bytes) => procAttributes.decode(bytes),
    (bytes) => decodeGenl(bytes),
    (bytes) => [...decodeMessages(bytes)].map(decodeErrno),
  ]
  let refused = 0
  for (let round = 0; round < 10_000; round++) {
    const bytes = random() < 0.5 ? mutated(random) : randomBytes(random, 200)
    const at = pick(random, [0, 16, 20])
    for (const decode of decoders) {
      try {
        decode(bytes.subarray(at))
      } catch (error) {
        refused++
        if (!(error instanceof NetlinkError)) return t.fail(`${bytes.toString('hex')}: ${error}`)
      }
    }
  }
  t.ok(refused > 1000, `${refused} were refused`)
})

t.test('the server survives mutations and truncations, and each has its answer', async (t) => {
  const { client, director, log } = await ipvsServed(t)
  // The clock stands: nothing would come of waiting for servers at addresses of chance.
  director.settled = async () => {}
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'wlc' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  const before = JSON.stringify([director.services(), director.timeouts()])
  const random = seededRandom(seed + 1)
  const ends = new Map<number, number>()
  for (let round = 0; round < 2000; round++) {
    const bytes = mutated(random)
    const answers = await client.ask(bytes)
    const end = answers.at(-1)
    if (end?.seq !== 1) return t.fail(`${bytes.toString('hex')}: an answer with sequence number ${end?.seq}`)
    ends.set(end.type, (ends.get(end.type) ?? 0) + 1)
    const changed = JSON.stringify([director.services(), director.timeouts()]) !== before
    if (!changed) continue
    // A mutation may make another sound command, of an address that was not there for instance.
    if (harmless(bytes[16])) return t.fail(`${bytes.toString('hex')} has changed something`)
    director.execute({ type: 'flush' })
    director.execute({ type: 'set-timeouts', timeouts: { tcpS: 900, tcpFinS: 120, udpS: 300 } })
    director.execute({ type: 'add-service', service: { ...web, scheduler: 'wlc' } })
    director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  }
  t.ok((ends.get(ERROR) ?? 0) > 500 && (ends.get(DONE) ?? 0) > 40)
  t.notOk(log.lines.some((line) => line.startsWith('error')))
  t.equal(await client.result(4, there), 'ok')
})

t.test('every truncation of every sound message is refused or changes nothing', async (t) => {
  const { client, director, log } = await ipvsServed(t)
  director.execute({ type: 'add-service', service: { ...web, scheduler: 'wlc' } })
  director.execute({ type: 'add-server', key: web, server: routed('10.0.0.11') })
  const before = JSON.stringify(director.services())
  for (const whole of sound) {
    for (let length = 16; length <= whole.length; length++) {
      const payload = whole.subarray(16, length)
      await client.ask(message({ type: whole.readUInt16LE(4), flags: whole.readUInt16LE(6) | 4 }, payload))
    }
  }
  t.equal(JSON.stringify(director.services()), before)
  t.notOk(log.lines.some((line) => line.startsWith('error')))
})

t.test('the server survives streams of random bytes', async (t) => {
  const { path, client, director, log } = await ipvsServed(t)
  const random = seededRandom(seed + 2)
  for (let round = 0; round < 300; round++) {
    const other = await NetlinkClient.connect(t, path)
    // Some begin with a length that may be, so that what follows is read as a message.
    const start = random() < 0.5 ? u32(16 + Math.floor(random() * 64)) : Buffer.alloc(0)
    other.send(start, randomBytes(random, 400))
    other.socket.end()
    while ((await other.next()) !== undefined);
    other.socket.destroy()
  }
  t.strictSame(director.services(), [])
  t.notOk(log.lines.some((line) => line.startsWith('error')))
  t.equal(await client.result(17), 'ok')
})
