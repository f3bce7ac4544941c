import t from 'tap'
import { decode } from '../../lib/describe-frame.js'
import { judge, type LabMacs, synBeforeAndAfter } from '../../lib/lab-judge.js'
import { mixed } from '../../lib/lab-mixed.js'
import type { Observation } from '../../lib/lab-observe.js'
import { frame, ipip, type PacketSpec } from '../../lib/packet.js'

const cip = '192.168.0.50'
const vip = '192.168.0.1'
const [clientMac, directorMac, nearMac, routerMac] = [1, 2, 3, 4].map((n) => `02:00:00:00:00:0${n}`) as [
  string,
  string,
  string,
  string,
]
const macs: LabMacs = {
  director: directorMac,
  towards: new Map([
    ['near', nearMac],
    ['remote', routerMac],
  ]),
}

const fromClient = (sport: number, ttl: number): PacketSpec => ({
  ip: { source: cip, destination: vip, ttl },
  tcp: { sport, dport: 80, flags: 'S' },
})
const arriving = (sport: number) =>
  decode(frame({ ethernet: { source: clientMac, destination: directorMac }, ...fromClient(sport, 64) }))
const routed = (sport: number, ttl = 63, destination = nearMac) =>
  decode(frame({ ethernet: { source: directorMac, destination }, ...fromClient(sport, ttl) }))
const tunnelled = (sport: number, source = '192.168.0.10', destination = routerMac) =>
  decode(
    ipip(
      { ethernet: { source: directorMac, destination }, ip: { source, destination: '192.168.20.2' } },
      fromClient(sport, 63),
    ),
  )

const stats = (near: string, remote: string, whole = '3 3 0 120 0') => `
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
TCP  192.168.0.1:80 ${whole}
  -> 192.168.0.100:80 ${near}
  -> 192.168.20.2:80 ${remote}
`

/** Three requests through the mixed lab, weights 2 and 1, as they should be. */
const good: Observation = {
  requests: 3,
  answers: ['near', 'near', 'remote'].map((server) => ({ server, client: cip })),
  logged: new Map([
    ['near', [cip, cip]],
    ['remote', [cip]],
  ]),
  toDirector: [arriving(1001), arriving(1002), arriving(1003)],
  fromDirector: [routed(1001), routed(1002), tunnelled(1003)],
  arpAnswers: [directorMac],
  stats: stats('2 2 0 80 0', '1 1 0 40 0'),
}

const failing = (observation: Observation) =>
  judge(mixed, macs, observation)
    .filter(({ held }) => !held)
    .map(({ claim, seen }) => `${claim}: ${seen}`)

t.test('a lab that held', async (t) => {
  t.same(failing(good), [])
  t.equal(judge(mixed, macs, good).length, 6)
})

t.test('a lab that did not hold', async (t) => {
  const reply = decode(
    frame({ ethernet: { destination: directorMac }, ip: { source: vip, destination: cip }, tcp: { sport: 80 } }),
  )
  const cases: [string, Partial<Observation>, RegExp][] = [
    [
      'a share',
      { answers: ['near', 'remote', 'remote'].map((server) => ({ server, client: cip })) },
      /wrr shares 3 requests 2:1: near 1, remote 2/,
    ],
    [
      'address in an answer',
      { answers: good.answers.map((a) => ({ ...a, client: '192.168.0.10' })) },
      /client's address/,
    ],
    ['address in a log', { logged: new Map([['near', [cip, cip, '192.168.0.10']]]) }, /client's address/],
    ['a request that is not in a log', { logged: new Map([['near', [cip]]]) }, /in 1 log lines/],
    ['a reply', { toDirector: [...good.toDirector, reply] }, /1 passed the director/],
    ['nobody answered', { answers: [] }, /replies go straight/],
    ['a frame lost', { fromDirector: good.fromDirector.slice(1) }, /3 frames in, 2 out, 0 wrong/],
    ['TTL', { fromDirector: [routed(1001, 64), routed(1002), tunnelled(1003)] }, /1 wrong/],
    ['MAC', { fromDirector: [routed(1001, 63, clientMac), routed(1002), tunnelled(1003)] }, /1 wrong/],
    ['port', { fromDirector: [routed(9), routed(1002), tunnelled(1003)] }, /1 wrong/],
    ['outer source', { fromDirector: [routed(1001), routed(1002), tunnelled(1003, '192.168.0.1')] }, /1 wrong/],
    [
      'an outer header',
      { fromDirector: [tunnelled(1001, undefined, nearMac), routed(1002), tunnelled(1003)] },
      /1 wrong/,
    ],
    ['no outer header', { fromDirector: [routed(1001), routed(1002), routed(1003, 63, routerMac)] }, /1 wrong/],
    ['a second ARP answer', { arpAnswers: [directorMac, nearMac] }, /02:00:00:00:00:02, 02:00:00:00:00:03/],
    ['ARP by another', { arpAnswers: [nearMac] }, /alone answers ARP/],
    ['no ARP', { arpAnswers: [] }, /nobody did/],
    ['no service', { stats: '' }, /0 services listed/],
    [
      'Conns',
      { stats: stats('2 2 0 80 0', '1 1 0 40 0', '4 3 0 120 0') },
      /Conns is 4, not 3; sum of conns is 3, not 4/,
    ],
    ['InPkts', { stats: stats('2 3 0 80 0', '1 1 0 40 0', '3 4 0 120 0') }, /InPkts is 4, not 3/],
    ['InBytes', { stats: stats('2 2 0 80 0', '1 1 0 41 0', '3 3 0 121 0') }, /InBytes is 121, not 120/],
    ['OutPkts', { stats: stats('2 2 0 80 0', '1 1 0 40 0', '3 3 1 120 0') }, /OutPkts is 1, not 0/],
    ['the wrong server counts', { stats: stats('1 1 0 40 0', '2 2 0 80 0') }, /Conns of near is 1, not 2/],
  ]
  for (const [name, change, expected] of cases) {
    t.match(failing({ ...good, ...change }).join('\n'), expected, name)
  }
})

t.test('the SYN of a connection to each real server', async (t) => {
  const [near, remote] = mixed.servers
  if (!near || !remote) throw new Error('two real servers')
  t.same(synBeforeAndAfter(near, macs, good), { before: arriving(1001), after: routed(1001) })
  t.same(synBeforeAndAfter(remote, macs, good), { before: arriving(1003), after: tunnelled(1003) })
  t.equal(synBeforeAndAfter(remote, macs, { ...good, fromDirector: [] }), undefined)
})
