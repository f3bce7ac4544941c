/** What IPVS has and the director lacks: refused with an errno, and said in words once for each service and feature. */
import t from 'tap'
import { attr, dest, hex, key, service, text, u8, u16, u32 } from './bytes.js'
import { ipvsServed } from './fixture.js'

const [NEW_SERVICE, SET_SERVICE, NEW_DEST, SET_DEST, NEW_DAEMON] = [1, 2, 5, 6, 9]
const sentence = 'a command asks for what xlvs does not support yet, and is refused'

const web = key('192.0.2.10', 80)
const v6 = attr(
  1,
  attr(1, u16(10)),
  attr(2, u16(6)),
  attr(3, hex('20010db8 0000000000000000 00000001')),
  attr(4, Buffer.from([1, 187])),
)
const marked = attr(
  1,
  attr(1, u16(2)),
  attr(5, u32(9)),
  attr(6, text('rr')),
  attr(7, u32(0), u32(0)),
  attr(8, u32(0)),
  attr(9, u32(0)),
)
const other = (parts: Parameters<typeof service>[2]) => service('192.0.2.11', 80, parts)

/** With tcp 192.0.2.10:80, which has server 10.0.0.11. */
const cases: [of: string, feature: string, errno: string, cmd: number, ...attributes: Buffer[]][] = [
  ['tcp 192.0.2.11:80', 'persistence (-p)', 'ENOPROTOOPT', NEW_SERVICE, other({ flags: 1 })],
  ['tcp 192.0.2.11:80', 'one-packet scheduling (-o)', 'ENOPROTOOPT', NEW_SERVICE, other({ flags: 4 })],
  ['tcp 192.0.2.11:80', 'scheduler flags (-b)', 'ENOPROTOOPT', NEW_SERVICE, other({ flags: 16 })],
  ['tcp 192.0.2.11:80', '-s sh', 'ENOENT', NEW_SERVICE, other({ scheduler: 'sh' })],
  ['tcp 192.0.2.11:80', '--pe sip', 'ENOENT', NEW_SERVICE, other({ more: [attr(11, text('sip'))] })],
  ['tcp 192.0.2.10:80', 'persistence (-p)', 'ENOPROTOOPT', SET_SERVICE, service('192.0.2.10', 80, { flags: 1 })],
  ['tcp 192.0.2.10:80', '-s mh', 'ENOENT', SET_SERVICE, service('192.0.2.10', 80, { scheduler: 'mh' })],
  ['sctp 192.0.2.11:80', 'SCTP', 'EPROTONOSUPPORT', NEW_SERVICE, other({ protocol: 132 })],
  ['protocol 47 192.0.2.11:80', 'PROTOCOL 47', 'EPROTONOSUPPORT', NEW_SERVICE, other({ protocol: 47 })],
  ['tcp 192.0.2.11:0', 'port 0, all ports', 'ENOPROTOOPT', NEW_SERVICE, service('192.0.2.11', 0)],
  ['fwmark 9', 'marks (-f)', 'ENOPROTOOPT', NEW_SERVICE, marked],
  ['tcp [2001:db8::1]:443', 'IPv6', 'EAFNOSUPPORT', NEW_SERVICE, v6],
  ['tcp 192.0.2.10:80', 'masquerading (-m)', 'ENOPROTOOPT', NEW_DEST, web, dest('10.0.0.12', 80, { fwd: 0 })],
  ['tcp 192.0.2.10:80', 'forwarding method 1', 'ENOPROTOOPT', NEW_DEST, web, dest('10.0.0.12', 80, { fwd: 1 })],
  ['tcp 192.0.2.10:80', 'thresholds (-x, -y)', 'ENOPROTOOPT', SET_DEST, web, dest('10.0.0.11', 80, { upper: 9 })],
  [
    'tcp 192.0.2.10:80',
    '--tun-type gue',
    'ENOPROTOOPT',
    NEW_DEST,
    web,
    dest('10.0.0.12', 80, { fwd: 2, more: [attr(13, u8(1)), attr(14, Buffer.from([23, 192]))] }),
  ],
  [
    'tcp 192.0.2.10:80',
    '--tun-type gre',
    'ENOPROTOOPT',
    NEW_DEST,
    web,
    dest('10.0.0.12', 80, { fwd: 2, more: [attr(13, u8(2))] }),
  ],
  ['tcp 192.0.2.10:80', 'IPv6', 'EAFNOSUPPORT', NEW_DEST, web, dest('10.0.0.12', 80, { more: [attr(11, u16(10))] })],
  [
    'sync daemon',
    '--start-daemon',
    'ENOPROTOOPT',
    NEW_DAEMON,
    attr(3, attr(1, u32(1)), attr(2, text('lo')), attr(3, u32(0))),
  ],
]

for (const [of, feature, errno, cmd, ...attributes] of cases) {
  t.test(`${of}: ${feature}`, async (t) => {
    const { client, director, log } = await ipvsServed(t)
    t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80)), 'ok')
    t.equal(await client.result(NEW_DEST, web, dest('10.0.0.11', 80)), 'ok')
    const before = director.services()
    const warned = () => log.fields.filter((_, i) => log.lines[i] === `warn ${sentence}`)
    for (let again = 0; again < 3; again++) t.equal(await client.result(cmd, ...attributes), errno)
    t.strictSame(warned(), [{ service: of, feature, errno }], 'said once')
    t.strictSame(director.services(), before)
  })
}

t.test('each service, and each of its features, is named', async (t) => {
  const { client, log } = await ipvsServed(t)
  const both = { flags: 1 | 4, scheduler: 'sh' }
  t.equal(
    await client.result(NEW_SERVICE, service('192.0.2.11', 80, both)),
    'ENOENT',
    'the first one that the kernel meets',
  )
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.12', 80, { flags: 1 })), 'ENOPROTOOPT')
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.12', 80)), 'ok', 'without it, it is there')
  const named = log.fields
    .filter((fields) => 'feature' in fields)
    .map(({ service, feature }) => `${service} ${feature}`)
  t.strictSame(named, [
    'tcp 192.0.2.11:80 -s sh',
    'tcp 192.0.2.11:80 persistence (-p)',
    'tcp 192.0.2.11:80 one-packet scheduling (-o)',
    'tcp 192.0.2.12:80 persistence (-p)',
  ])
})

t.test('flags that are masked out do not count, nor does a tunnel type without a tunnel', async (t) => {
  const { client } = await ipvsServed(t)
  t.equal(await client.result(NEW_SERVICE, service('192.0.2.10', 80, { flags: 1 | 2, mask: 2 })), 'ok')
  const routed = dest('10.0.0.11', 80, { more: [attr(13, u8(2))] })
  t.equal(await client.result(NEW_DEST, web, routed), 'ok')
})
