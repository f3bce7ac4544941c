import { readFileSync } from 'node:fs'
import t from 'tap'
import { checkoutFile } from '../../lib/checkout.js'
import { type FrameSpec, frame, ipip, packet } from '../../lib/packet.js'
import { difference } from '../../vm/compare/compare.js'
import { meantDifferences } from '../../vm/compare/differences.js'
import type { Observation } from '../../vm/compare/observation.js'
import { packets, type Step, type StepFrame } from '../../vm/compare/step.js'
import { observed } from './observed.js'

const title = 'IPVS connection entries\npro expire state       source             virtual            destination\n'
const row = (expire: string, port = 1) =>
  `TCP ${expire}  ESTABLISHED 198.51.100.1:${port}     192.0.2.10:80      10.0.0.11:80\n`
const sent = (...frames: Buffer[]): Observation => ({ ...observed({ '-Sn': '-A -t x\n' }), sent: frames })
const listed = (...rows: string[]) => observed({ '-Lnc': title + rows.join('') })
const own = (fields: FrameSpec['ip']): Buffer =>
  ipip({ ip: { source: '10.0.0.1', destination: '172.16.0.21', ...fields } }, { tcp: {} })
const step = (...frames: StepFrame[]): Step => packets('', frames)
const local = (row: string, counts: string, state: string) =>
  observed({
    '-Sn': '-a -t 192.0.2.10:80 -r 10.0.0.1:80 -g -w 1\n',
    '-Ln': `  -> 10.0.0.1:80                  ${row}   1      ${counts}         \n`,
    '-Lnc': `${title}TCP ${state} 198.51.100.1:1     192.0.2.10:80      10.0.0.1:80\n`,
  })
const restored = (stderr: string): Observation => ({
  ...observed({}),
  outcomes: new Map([['-R', { status: 255, stdout: '', stderr: `${stderr}\n` }]]),
})
const counted = (packets: string, bytes: string) =>
  observed({
    '-Ln --stats --exact': `TCP  192.0.2.10:80                       1       22 ${packets}     6247 ${bytes}\n`,
  })
const service = (address: string) =>
  `TCP  ${address}:0050 rr  \n  -> 0A00000B:0050      Route   1      0          0         \n`
const services = (...addresses: string[]) =>
  observed({ '/proc/net/ip_vs': `title\n${addresses.map(service).join('')}` })
const procRow = (seconds: number, port = '0001') =>
  `TCP C6336401 ${port} C000020A 0050 0A00000B 0050 ESTABLISHED ${String(seconds).padStart(7)}\n`
const procListed = (...rows: string[]) => observed({ '/proc/net/ip_vs_conn': `Pro FromIP\n${rows.join('')}` })
const statsFile = (conns: number, rate: number) =>
  observed({ '/proc/net/ip_vs_stats': `   Conns\n       ${conns}\n\n Conns/s   Pkts/s\n       ${rate}        0\n` })
const told = (mtu: number, ttl = 63, source = '192.0.2.10') =>
  sent(frame({ ip: { source }, icmp: { type: 3, code: 4, rest: mtu }, payload: packet({ ip: { ttl }, tcp: {} }) }))
const fragNeeded = step({ icmp: { type: 3, code: 4, rest: 1300 } })
const none: Step = { kind: 'wait', seconds: 0 }
const aboutTunnel = (source: string, protocol = 4): StepFrame => ({
  icmp: { type: 3 },
  payload: packet({ ip: { source, protocol } }),
})
const long = { ip: { df: false }, payload: 'x'.repeat(1200) }

const pairs: [what: string, first: Observation, second: Observation, step: Step, alike: boolean][] = [
  [
    'rows in another order',
    listed(row('14:55', 1), row('14:55', 2)),
    listed(row('14:55', 2), row('14:55', 1)),
    none,
    true,
  ],
  ['expiry two seconds off', listed(row('14:59')), listed(row('15:01')), none, true],
  ['expiry three seconds off', listed(row('14:59')), listed(row('15:02')), none, false],
  ['expiry of a row that is not there', listed(row('14:59')), listed(), none, false],
  ['services in another order', services('C0000201', 'C0000202'), services('C0000202', 'C0000201'), none, true],
  ['another service', services('C0000201'), services('C0000202'), none, false],
  ['expiry two seconds off, in a file', procListed(procRow(899)), procListed(procRow(897)), none, true],
  ['expiry three seconds off, in a file', procListed(procRow(899)), procListed(procRow(896)), none, false],
  [
    'rows in another order, in a file',
    procListed(procRow(9), procRow(9, '0002')),
    procListed(procRow(9, '0002'), procRow(9)),
    none,
    true,
  ],
  ['other rates', statsFile(5, 1), statsFile(5, 2), none, true],
  ['other counters', statsFile(5, 1), statsFile(4, 1), none, false],
  ['another id of our own', sent(own({ id: 1 })), sent(own({ id: 2 })), none, true],
  ['another id of our own, wrong checksum', sent(own({ id: 1 })), sent(own({ id: 2, checksum: 1 })), none, false],
  ['another TTL of our own', sent(own({ ttl: 64 })), sent(own({ ttl: 63 })), none, false],
  ["another id of a client's", sent(frame({ ip: { id: 1 } })), sent(frame({ ip: { id: 2 } })), none, false],
  [
    'a reset where no service is left',
    { ...observed(), sent: [frame({ ip: { source: '192.0.2.10' }, tcp: { flags: 'R' } })] },
    observed(),
    step({}),
    true,
  ],
  [
    'a reset where a service is left',
    sent(frame({ ip: { source: '192.0.2.10' }, tcp: { flags: 'R' } })),
    sent(),
    step({}),
    false,
  ],
  [
    'a frame to a real server where no service is left',
    { ...observed(), sent: [frame()] },
    observed(),
    step({}),
    false,
  ],
  ['a wrong IP checksum passed on', sent(), sent(frame({ ip: { checksum: 1 } })), step({}), true],
  ['the same in a tunnel', sent(), sent(ipip({}, { ip: { checksum: 1 } })), step({}), true],
  ['a right one passed on', sent(), sent(frame()), step({}), false],
  [
    'a local real server: counts and state',
    local('Route', '1      0', '00:59  SYN_RECV   '),
    local('Route', '0      1', '00:05  CLOSE      '),
    none,
    true,
  ],
  [
    'a local real server: the method',
    local('Route', '1      0', '00:59  SYN_RECV   '),
    local('Local', '1      0', '00:59  SYN_RECV   '),
    none,
    false,
  ],
  ['padding', sent(frame()), sent(Buffer.concat([frame(), Buffer.alloc(20)])), none, true],
  [
    'a packet cut short',
    sent(frame({ payload: 'data' })),
    sent(frame({ payload: 'data' }).subarray(0, -1)),
    none,
    false,
  ],
  ['a line that -R names', restored('Service not defined'), restored('line 12: Service not defined'), none, true],
  ['what is wrong with it', restored('Service not defined'), restored('line 12: Memory'), none, false],
  ['a line that IPVS names', restored('line 12: Memory'), restored('Memory'), none, false],
  ['packets out', counted('       4', '     276'), counted('       0', '       0'), none, true],
  ['packets out of xlvs', counted('       0', '       0'), counted('       4', '     276'), none, false],
  ['another MTU told after frag-needed', told(1480), told(1280), fragNeeded, true],
  ['another MTU told after a packet', told(1480), told(1280), step({}), false],
  ['another MTU told by a client', told(1480, 63, '198.51.100.1'), told(1280, 63, '198.51.100.1'), fragNeeded, false],
  ['another TTL quoted', told(1480, 63), told(1480, 64), fragNeeded, false],
  ['a short TCP header dropped', sent(frame()), sent(), step({ tcp: { dataOffset: 4 } }), true],
  ['a right TCP header dropped', sent(frame()), sent(), step({ tcp: { dataOffset: 5 } }), false],
  ['a fragment dropped', sent(frame()), sent(), step({ ip: { mf: true } }), true],
  ['its last part dropped', sent(frame()), sent(), step({ ip: { fragmentOffset: 8 } }), true],
  ['a whole packet dropped', sent(frame()), sent(), step({ ip: { mf: true } }, {}), false],
  ['a fragment passed on in another way', sent(frame()), sent(own({})), step({ ip: { mf: true } }), false],
  ['a long packet dropped', sent(frame()), sent(), step(long), true],
  ['a long packet with DF dropped', sent(frame()), sent(), step({ ...long, ip: { df: true } }), false],
  ['a long ICMP error dropped', sent(frame()), sent(), step({ ...long, ip: { df: true }, icmp: { type: 3 } }), true],
  ['a short packet dropped', sent(frame()), sent(), step({}), false],
  ["another director's tunnel", sent(frame()), sent(), step(aboutTunnel('10.0.0.2')), true],
  ['a tunnel of our own', sent(frame()), sent(), step(aboutTunnel('10.0.0.1')), false],
  ["another director's packet", sent(frame()), sent(), step(aboutTunnel('10.0.0.2', 6)), false],
  ["what another director's tunnel is answered", sent(), sent(frame()), step(aboutTunnel('10.0.0.2')), false],
]

t.test('the table says what is tolerated, and no more', async (t) => {
  const adjust = meantDifferences()
  for (const [what, first, second, step, alike] of pairs) {
    const found = difference(['model', 'own'], ...adjust(first, second, step))
    t.equal(found === undefined, alike, `${what}: ${found?.text ?? 'alike'}`)
  }
})

t.test('a line that is taken out of the table is not tolerated, nor one that the suite does not know', async (t) => {
  const table = readFileSync(checkoutFile('docs/differences.md'), 'utf8')
  t.throws(() => meantDifferences(table.replace(/^\| \*\*expiry.*\n/m, '')), { message: /: expiry$/ })
  t.throws(() => meantDifferences(`${table}| **speed** | it is faster | it is meant |\n`), { message: /: speed$/ })
})
