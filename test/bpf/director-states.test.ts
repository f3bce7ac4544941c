import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import type { ConnectionState } from '../../src/core/connection.js'
import { held, sharedConstant } from '../../src/dataplane/tables/layout.gen.js'
import { datagram, dns, dnsFlow, openDirector, segment, server, web, webFlow } from './director-fixture.js'

/** tcp_states of net/netfilter/ipvs/ip_vs_proto_tcp.c, the rows of INPUT-ONLY. */
const inputOnly = `
      NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
syn   SR  ES  ES  SR  SR  SR  SR  SR  SR  SR  SR
fin   CL  FW  SS  TW  FW  TW  CL  CW  LA  LI  TW
ack   ES  ES  SS  ES  FW  TW  CL  CW  CL  LI  ES
rst   CL  CL  CL  SR  CL  CL  CL  CL  LA  LI  CL`

const names: Record<string, ConnectionState> = {
  NO: 'NONE',
  ES: 'ESTABLISHED',
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  FW: 'FIN_WAIT',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  LI: 'LISTEN',
  SA: 'SYNACK',
}

/** tcp_timeouts and udp_timeouts, in seconds. */
const timeouts: Record<ConnectionState, number> = {
  NONE: 2,
  ESTABLISHED: 900,
  SYN_SENT: 120,
  SYN_RECV: 60,
  FIN_WAIT: 120,
  TIME_WAIT: 120,
  CLOSE: 10,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  LISTEN: 120,
  SYNACK: 120,
  UDP: 300,
}

/** tcp_state_active_table. */
const active: readonly ConnectionState[] = ['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'SYNACK']

/** Flags of segments by the event that they are: RST before SYN before FIN before ACK. */
const segments: Record<string, readonly string[]> = {
  syn: ['S', 'SA', 'SF', 'SFA', 'SPUEC', 'SFPAUEC'],
  fin: ['F', 'FA', 'FPAUEC'],
  ack: ['A', 'PA', 'APUEC'],
  rst: ['R', 'RA', 'RS', 'RSA', 'RF', 'RFSA', 'FSRPAUEC'],
}

/** States in which a SYN ends the connection (is_new_conn_expected()). */
const over: readonly ConnectionState[] = ['TIME_WAIT', 'CLOSE']
/** Segments that have both, which begin no connection either. */
const synAndRst = segments.rst?.filter((flags) => flags.includes('S')) ?? []

/** Every cell: state, flags, next state. And a segment without any of the four flags closes, whatever the state. */
function* cells(): Iterable<{ from: ConnectionState; flags: string; to: ConnectionState }> {
  const [columns = [], ...rows] = inputOnly
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  for (const [event = '', ...cells] of rows) {
    for (const [i, cell] of cells.entries()) {
      const from = stateOf(columns[i])
      for (const flags of segments[event] ?? []) {
        if (!(over.includes(from) && synAndRst.includes(flags))) yield { from, flags, to: stateOf(cell) }
      }
    }
  }
  for (const column of columns)
    for (const flags of ['', 'P', 'UEC']) yield { from: stateOf(column), flags, to: 'CLOSE' }
}

function stateOf(column = ''): ConnectionState {
  const state = names[column]
  if (!state) throw new Error(`no state ${column}`)
  return state
}

/** In ticks of 2^26 ns, rounded up. */
function ticks(seconds: number): number {
  return Math.ceil((seconds * 1e9) / 2 ** 26)
}

/** Ticks that a connection has after a packet that left its state as it was, and found it about to run out. */
function ticksAgain(seconds: number): number {
  return ticks(seconds) + sharedConstant.ARM_SLACK
}

const director = openDirector(t)
director.install(web, [server(1)])
director.install(dns, [server(1, { rport: 53 })])

t.test('every cell of the state table, with the timeout and the count that belong to the next state', async (t) => {
  const wrong: unknown[] = []
  let sport = 10000
  for (const { from, flags, to } of cells()) {
    const flow = webFlow(++sport)
    director.send(segment('S', sport))
    director.setState(flow, from)
    const { server } = director.entry(flow)
    const before = counts()
    director.advanceTicks(3)
    const { verdict } = director.send(segment(flags, sport))
    const isActive = active.includes(to)
    const found = { verdict, entry: director.entry(flow), counts: counts() }
    const expected = {
      verdict: 'route_tx',
      entry: {
        state: to,
        held: isActive ? held.ACTIVE : held.INACTIVE,
        assured: from === 'ESTABLISHED' && to === 'ESTABLISHED',
        expires: director.nowTicks() + (to === from ? ticksAgain : ticks)(timeouts[to]),
        server,
      },
      counts: isActive ? before : [before[0] - 1, before[1] + 1],
    }
    if (!isDeepStrictEqual(found, expected)) wrong.push({ from, flags, found, expected })
  }
  t.same(wrong.slice(0, 3), [])
  t.equal(sport - 10000, 11 * (6 + 3 + 3 + 7 + 3) - 2 * 4, 'all cells were seen')
})

/** Active and inactive connections of server 1. */
function counts(): [number, number] {
  const [row] = director.dataplane.counters(web)
  return [row?.servers[0]?.active ?? 0, row?.servers[0]?.inactive ?? 0]
}

let port = 20000

t.test('a connection may begin with any segment that has SYN and no RST, and with no other', async (t) => {
  for (const flags of ['S', 'SA', 'SF', 'SFA', 'SPUEC']) {
    director.send(segment(flags, ++port))
    t.equal(director.entry(webFlow(port)).state, 'SYN_RECV', flags)
  }
  for (const flags of ['A', 'PA', 'F', 'FA', 'R', 'RA', 'SR', 'SFRA', '', 'P']) {
    t.equal(director.send(segment(flags, ++port)).verdict, 'pass_no_conn', `flags '${flags}'`)
    t.same(director.entries(webFlow(port)), [])
  }
  t.equal(director.send(segment('S', 20)).verdict, 'pass_no_conn', 'FTP data is never scheduled')
})

t.test('a connection from SYN to the last ACK', async (t) => {
  const flow = webFlow(++port)
  const seen = ['S', 'A', 'PA', 'FA', 'A'].map((flags) => {
    director.advance(5)
    director.send(segment(flags, port))
    const { state, expires } = director.entry(flow)
    return `${state} ${expires - director.nowTicks()}`
  })
  t.same(seen, [
    `SYN_RECV ${ticks(60)}`,
    `ESTABLISHED ${ticks(900)}`,
    `ESTABLISHED ${ticksAgain(900)}`,
    `FIN_WAIT ${ticks(120)}`,
    `FIN_WAIT ${ticksAgain(120)}`,
  ])
})

t.test('UDP has one state, is never active, and every datagram re-arms it', async (t) => {
  for (const expected of [ticks(300), ticksAgain(300), ticksAgain(300)]) {
    director.advance(100)
    director.send(datagram())
    t.match(director.entry(dnsFlow()), { state: 'UDP', held: held.INACTIVE, expires: director.nowTicks() + expected })
  }
  t.same(director.counts(dns), { '10.0.0.1': '0/1' })
})

t.test(
  'packets in one state write the connection only now and then, and it never runs out before its timeout',
  async (t) => {
    const flow = webFlow(++port)
    director.send(segment('S', port))
    director.send(segment('A', port))
    const left = Array.from({ length: 12 }, () => {
      director.send(segment('A', port))
      const ticksLeft = director.entry(flow).expires - director.nowTicks()
      director.advanceTicks(1)
      return ticksLeft - ticks(900)
    })
    t.same(left, [0, 4, 3, 2, 1, 0, 4, 3, 2, 1, 0, 4])
  },
)

t.test('changed timeouts are in force from the next packet on', async (t) => {
  const established = webFlow(++port)
  director.send(segment('S', port))
  director.send(segment('A', port))
  const before = director.entry(established).expires
  director.dataplane.setTimeouts({ tcpS: 60, tcpFinS: 7, udpS: 11 })
  t.same(director.dataplane.timeouts(), { tcpS: 60, tcpFinS: 7, udpS: 11 })
  t.equal(director.entry(established).expires, before)
  director.send(segment('A', port))
  t.equal(director.entry(established).expires, director.nowTicks() + ticksAgain(60))
  director.send(segment('FA', port))
  t.equal(director.entry(established).expires, director.nowTicks() + ticks(7))
  director.send(datagram())
  t.equal(director.entry(dnsFlow()).expires, director.nowTicks() + ticksAgain(11))
  director.send(segment('S', ++port))
  t.equal(director.entry(webFlow(port)).expires, director.nowTicks() + ticks(60), 'SYN_RECV has its own')
  director.dataplane.setTimeouts({ tcpS: 900, tcpFinS: 120, udpS: 300 })
})

t.test('a SYN for a connection that is over begins a new one (conn_reuse_mode 1)', async (t) => {
  director.install(web, [server(2), server(1)])
  for (const [state, isNew] of [
    ['TIME_WAIT', true],
    ['CLOSE', true],
    ['FIN_WAIT', false],
    ['CLOSE_WAIT', false],
    ['LAST_ACK', false],
    ['SYN_RECV', false],
  ] as const) {
    const flow = webFlow(++port)
    const conns = () => [...director.dataplane.counters(web)].reduce((sum, { traffic }) => sum + traffic.conns, 0)
    director.send(segment('S', port))
    const first = director.entry(flow).server
    director.setState(flow, state)
    const before = { conns: conns(), occupied: director.occupied }
    director.send(segment('S', port))
    const second = director.entry(flow).server
    t.equal(second !== first, isNew, `${state}: ${isNew ? 'the next server' : 'the same server'}`)
    t.equal(conns() - before.conns, isNew ? 1 : 0, `${state}: connections counted`)
    t.equal(director.occupied, before.occupied, `${state}: in the same slot`)
  }
})

for (const state of over) {
  t.test(
    `a connection in ${state} is counted still when a server is picked for the one that takes its place`,
    async (t) => {
      const director = openDirector(t)
      director.install({ ...web, scheduler: 'lc' }, [server(1), server(2)])
      director.send(segment('S'))
      director.send(segment('F'))
      director.setState(webFlow(), state)
      t.same(director.counts(web), { '10.0.0.1': '0/1', '10.0.0.2': '0/0' })
      director.send(segment('S'))
      t.same(director.counts(web), { '10.0.0.1': '0/0', '10.0.0.2': '1/0' })
    },
  )
}

t.test('with RST as well it ends the old one and begins none: it is not scheduled', async (t) => {
  for (const state of over) {
    for (const flags of synAndRst) {
      const flow = webFlow(++port)
      director.send(segment('S', port))
      director.send(segment('FA', port))
      director.setState(flow, state)
      const before = { ...director.entry(flow), counts: director.counts(web) }
      t.equal(director.send(segment(flags, port)).verdict, 'pass_no_conn', `${state}, flags ${flags}`)
      const { expires, held, server } = director.entry(flow)
      t.equal(expires, director.nowTicks() - 1, 'the connection has expired')
      t.same({ held, server }, { held: before.held, server: before.server }, 'the sweeper knows what it held')
      t.same(director.counts(web), before.counts)
      director.advanceTicks(-1)
      t.equal(director.send(segment('A', port)).verdict, 'pass_no_conn', 'also for a CPU that is a tick behind')
      director.advanceTicks(1)
    }
  }
})
