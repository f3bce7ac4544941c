/** What is refused, by the errno that kernel IPVS has for it (ip_vs_genl_set_cmd in ip_vs_ctl.c). */
import t from 'tap'
import { DirectorError } from '../../../src/core/errors.js'
import {
  ACK,
  attr,
  be16,
  command,
  dest,
  destKey,
  ip4,
  ipvsId,
  key,
  message,
  REQUEST,
  service,
  text,
  u8,
  u16,
  u32,
} from './bytes.js'
import { ERROR, errnoName, ipvsServed } from './fixture.js'

const [NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE] = [1, 2, 3, 4]
const [NEW_DEST, SET_DEST, DEL_DEST, GET_DEST] = [5, 6, 7, 8]
const [NEW_DAEMON, DEL_DAEMON, GET_DAEMON, SET_CONFIG, SET_INFO, ZERO] = [9, 10, 11, 12, 14, 16]

const there = key('192.0.2.10', 80)
const absent = key('192.0.2.99', 80)
const without = (type: number) => {
  const parts = [attr(1, u16(2)), attr(2, u16(6)), attr(3, ip4('192.0.2.10')), attr(4, be16(80))]
  return attr(1, ...parts.filter((_, i) => i + 1 !== type))
}
const ofFamily = (af: number) =>
  attr(1, attr(1, u16(af)), attr(2, u16(6)), attr(3, ip4('192.0.2.10')), attr(4, be16(80)))
const destFamily = (af: number) => dest('10.0.0.13', 80, { more: [attr(11, u16(af))] })
const daemon = (state: number) => attr(3, attr(1, u32(state)), attr(2, text('eth0')), attr(3, u32(0)))

/** With service 192.0.2.10:80, which has server 10.0.0.11:80. */
const cases: [what: string, errno: string, cmd: number, ...attributes: Buffer[]][] = [
  ['a service twice', 'EEXIST', NEW_SERVICE, service('192.0.2.10', 80)],
  ['a service twice, with persistence', 'EEXIST', NEW_SERVICE, service('192.0.2.10', 80, { flags: 1 })],
  ['a service of nothing', 'EINVAL', NEW_SERVICE],
  ['a service without scheduler', 'EINVAL', NEW_SERVICE, key('192.0.2.11', 80)],
  ['a service without family', 'EINVAL', DEL_SERVICE, without(1)],
  ['a service without protocol', 'EINVAL', DEL_SERVICE, without(2)],
  ['a service without address', 'EINVAL', DEL_SERVICE, without(3)],
  ['a service without port', 'EINVAL', DEL_SERVICE, without(4)],
  ['a family that nobody has', 'EAFNOSUPPORT', DEL_SERVICE, ofFamily(1)],
  ['a scheduler that nobody has', 'ENOENT', NEW_SERVICE, service('192.0.2.11', 80, { scheduler: 'zz' })],
  ['a scheduler too long', 'EINVAL', NEW_SERVICE, service('192.0.2.11', 80, { scheduler: 'z'.repeat(16) })],
  ['an absent service changed', 'ESRCH', SET_SERVICE, service('192.0.2.99', 80)],
  ['an absent service changed to persistence', 'ESRCH', SET_SERVICE, service('192.0.2.99', 80, { flags: 1 })],
  ['a change to nothing', 'EINVAL', SET_SERVICE, there],
  ['an absent service removed', 'ESRCH', DEL_SERVICE, absent],
  ['an absent service asked for', 'ESRCH', GET_SERVICE, absent],
  ['no service asked for', 'EINVAL', GET_SERVICE],
  ['an absent service zeroed', 'ESRCH', ZERO, absent],
  ['a mark nobody has, removed', 'ESRCH', DEL_SERVICE, attr(1, attr(1, u16(2)), attr(5, u32(1)))],
  ['a server twice', 'EEXIST', NEW_DEST, there, dest('10.0.0.11', 80)],
  ['a server twice, with thresholds', 'EEXIST', NEW_DEST, there, dest('10.0.0.11', 80, { upper: 5 })],
  ['a server of no service', 'ESRCH', NEW_DEST, absent, dest('10.0.0.11', 80)],
  ['nothing to no service', 'ESRCH', NEW_DEST, absent],
  ['nothing to a service', 'EINVAL', NEW_DEST, there],
  ['a server of nothing but a key', 'EINVAL', NEW_DEST, there, destKey('10.0.0.13', 80)],
  ['a server without port', 'EINVAL', DEL_DEST, there, attr(2, attr(1, ip4('10.0.0.11')))],
  ['a negative weight', 'ERANGE', NEW_DEST, there, dest('10.0.0.13', 80, { weight: 0x80000000 })],
  ['a lower threshold above the upper one', 'ERANGE', NEW_DEST, there, dest('10.0.0.13', 80, { upper: 1, lower: 2 })],
  ['a GUE tunnel to port 0', 'EINVAL', NEW_DEST, there, dest('10.0.0.13', 80, { fwd: 2, more: [attr(13, u8(1))] })],
  ['a multicast address', 'EINVAL', NEW_DEST, there, dest('224.0.0.1', 80)],
  ['a family that no server has', 'EAFNOSUPPORT', NEW_DEST, there, destFamily(1)],
  ['an absent server changed', 'ENOENT', SET_DEST, there, dest('10.0.0.99', 80)],
  ['an absent server changed to thresholds', 'ENOENT', SET_DEST, there, dest('10.0.0.99', 80, { upper: 5 })],
  ['a server at another port changed', 'ENOENT', SET_DEST, there, dest('10.0.0.11', 81)],
  ['an absent server removed', 'ENOENT', DEL_DEST, there, destKey('10.0.0.99', 80)],
  ['a server at another port removed', 'ENOENT', DEL_DEST, there, destKey('10.0.0.11', 81)],
  ['a sync daemon without interface', 'EINVAL', NEW_DAEMON, attr(3, attr(1, u32(1)))],
  ['a sync daemon of no half', 'EINVAL', NEW_DAEMON, daemon(3)],
  ['a sync daemon stopped that does not run', 'ESRCH', DEL_DAEMON, daemon(2)],
  ['a sync daemon of no half stopped', 'EINVAL', DEL_DAEMON, daemon(3)],
  ['nothing stopped', 'EINVAL', DEL_DAEMON],
  ['a number too short, at the first level', 'ERANGE', SET_CONFIG, attr(4, u16(1))],
  ['a number too short, within a service', 'EINVAL', DEL_SERVICE, attr(1, attr(1, u8(2)))],
  ['half an attribute within a service', 'ERANGE', DEL_SERVICE, attr(1, u16(9))],
  ['servers, but not as a dump', 'EOPNOTSUPP', GET_DEST, there],
  ['daemons, but not as a dump', 'EOPNOTSUPP', GET_DAEMON],
  ['an answer sent as a command', 'EOPNOTSUPP', SET_INFO],
  ['command 0', 'EOPNOTSUPP', 0],
  ['a command beyond the last', 'EOPNOTSUPP', 18],
]

t.test('by errno, and nothing changes', async (t) => {
  const { client, director, log } = await ipvsServed(t)
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ok')
  t.equal(await client.result(NEW_DEST, there, dest('10.0.0.11', 80)), 'ok')
  const before = [director.services(), director.timeouts()]
  for (const [what, errno, cmd, ...attributes] of cases) t.equal(await client.result(cmd, ...attributes), errno, what)
  t.strictSame([director.services(), director.timeouts()], before)
  t.strictSame(
    log.lines.filter((line) => /^(error|warn)/.test(line)),
    ['warn a command asks for what xlvs does not support yet, and is refused'],
    'only of the unknown scheduler is there more to say than the errno',
  )
})

t.test('the envelope', async (t) => {
  const { client } = await ipvsServed(t)
  const ask = async (bytes: Buffer) => errnoName((await client.ask(bytes)).at(-1))
  const info = Buffer.from([15, 1, 0, 0])
  t.equal(await ask(message({ type: 1022 }, info)), 'ENOENT', 'a family that is not here')
  t.equal(await ask(message({}, Buffer.alloc(0))), 'EINVAL', 'no header of generic netlink')
  t.equal(await ask(message({}, info.subarray(0, 3))), 'EINVAL', 'not all of it')
  t.equal(await ask(message({ flags: ACK }, info)), 'ok', 'what is no request has only its ack')
  t.equal(await ask(message({ type: 1 }, info)), 'ok', 'as have messages of netlink itself')
  t.equal(await ask(command(17, [], { flags: REQUEST | ACK | 0x300 })), 'EOPNOTSUPP', 'a dump of what has none')
  t.equal(await ask(command(3, [key('192.0.2.99', 80)], { flags: REQUEST })), 'ESRCH', 'errors come unasked')
  client.send(command(17, [], { flags: REQUEST }), command(17, [], { seq: 99 }))
  t.match(await client.next(), { seq: 99 }, 'acks do not')
})

t.test('an error has the request with it, an ack its header', async (t) => {
  const { client } = await ipvsServed(t)
  const request = command(3, [absent], { seq: 5, pid: 77 })
  const [error] = await client.ask(request)
  t.match(error, { type: ERROR, flags: 0, seq: 5, pid: 77 })
  t.strictSame(error?.payload.subarray(4), request)
  const flush = command(17, [], { seq: 6, pid: 77 })
  const [ack] = await client.ask(flush)
  t.match(ack, { type: ERROR, flags: 0x100, seq: 6, pid: 77 })
  t.strictSame(ack?.payload.subarray(4), flush.subarray(0, 16))
})

t.test('what the director itself fails at', async (t) => {
  const { client, dataplane, log } = await ipvsServed(t)
  dataplane.failNext(new DirectorError('NO_SPACE', 'the table is full'))
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ENOMEM')
  dataplane.failNext(new Error('EFAULT'))
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'EIO')
  t.equal(log.lines.filter((line) => line.startsWith('error')).length, 1, 'logged once')
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ok')
})

t.test('a director that is going down is a kernel without IPVS', async (t) => {
  const served = await ipvsServed(t)
  served.goesDown = true
  t.equal(await served.client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ENOENT')
  t.strictSame(served.director.services(), [])
})

t.test('what cannot be cut into messages ends the connection', async (t) => {
  for (const length of [0, 15, 65_537, 0xffff_ffff]) {
    const { client, log } = await ipvsServed(t)
    client.send(command(17), Buffer.concat([u32(length), u16(ipvsId), u16(5), u32(1), u32(1)]))
    t.equal(errnoName(await client.next()), 'ok', 'what came before is answered')
    t.equal(await client.next(), undefined)
    t.equal(log.lines.at(-1), 'warn a netlink client sent what is no message; its connection is closed')
  }
})
