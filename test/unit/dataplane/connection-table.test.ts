import t from 'tap'
import { BpfMap } from '../../../src/bpf/index.js'
import type { Connection } from '../../../src/core/connection.js'
import type { RealServer } from '../../../src/core/real-server.js'
import { ConnectionTable } from '../../../src/dataplane/tables/connection-table.js'
import {
  type ConnStruct,
  connLayout,
  connState,
  forward,
  held,
  sharedConstant,
} from '../../../src/dataplane/tables/layout.gen.js'
import type { NativeMap } from '../../../src/native.js'

const server: RealServer = { rip: '10.0.0.1', rport: 80, forwarding: 'route', weight: 1 }
const nowTicks = 1000
const tcp = 6

function control(fields: { state?: number; held?: number; expires?: number } = {}): bigint {
  const { state = connState.ESTABLISHED, held: kind = held.ACTIVE, expires = nowTicks + 10 } = fields
  return (BigInt(expires) << 32n) | (BigInt(state) << 8n) | BigInt(kind)
}

const live: ConnStruct = {
  cip: 0xc6336401,
  vip: 0xc000020a,
  cport: 40000,
  vport: 80,
  owner: (tcp << 24) | 7,
  control: control(),
  forward: forward.ROUTE,
}

/** A table of one set, whose slots a test writes as packets do. */
function openTable(clock: () => number = () => nowTicks) {
  const memory = new ArrayBuffer(sharedConstant.SET_SLOTS * connLayout.size)
  const info = { name: 'conns', type: 2, keySize: 4, valueSize: memory.byteLength, maxEntries: 1, flags: 0, id: 1 }
  let mapped = 0
  const map: Partial<NativeMap> = {
    info: () => ({ ...info, valueBytes: memory.byteLength }),
    mmap: () => {
      mapped++
      return memory
    },
    unmap: () => {
      mapped--
      return 0
    },
  }
  const table = new ConnectionTable(BpfMap.of(map as NativeMap, 'conns'), clock)
  const write = (slot: number, conn: ConnStruct) =>
    connLayout.encode(new DataView(memory), slot * connLayout.size, conn)
  const list = async () => {
    const rows: Connection[] = []
    for await (const row of table.connections((slot) => (slot === 7 ? server : undefined))) rows.push(row)
    return rows
  }
  return { write, list, table, mapped: () => mapped }
}

t.test('a row for each live connection, and none for the rest', async (t) => {
  const { write, list } = openTable()
  write(0, live)
  for (const [i, [what, conn]] of (
    [
      ['given back', { ...live, control: control({ held: held.NOTHING }) }],
      ['being filled', { ...live, control: control({ held: held.CLAIMED }) }],
      ['expired', { ...live, control: control({ expires: nowTicks }) }],
      ['of a server that is not there', { ...live, owner: (tcp << 24) | 8 }],
      ['of no server and no protocol yet', { ...live, owner: 0 }],
      ['of no protocol yet', { ...live, owner: 7 }],
      ['in no state', { ...live, control: control({ state: connState.UDP + 1 }) }],
    ] as const
  ).entries()) {
    write(i + 1, conn)
    t.equal((await list()).length, 1, what)
  }
  t.match(await list(), [
    {
      protocol: 'tcp',
      state: 'ESTABLISHED',
      cip: '198.51.100.1',
      cport: 40000,
      vip: '192.0.2.10',
      vport: 80,
      rip: server.rip,
      rport: server.rport,
    },
  ])
})

t.test('the table is mapped no longer than it is read', async (t) => {
  const { write, list, table, mapped } = openTable()
  t.equal(mapped(), 0)
  write(0, live)
  await list()
  t.equal(mapped(), 0)
  for await (const _ of table.connections(() => server)) {
    t.equal(mapped(), 1)
    break
  }
  t.equal(mapped(), 0, 'a reader who goes away')
})

for (const [what, change] of [
  ['the addresses of another connection', { cip: live.cip + 1 }],
  ['the ports of another connection', { cport: live.cport + 1 }],
  ['no ports yet', { cport: 0, vport: 0, owner: 0 }],
] as const) {
  t.test(`a slot that is taken over while it is read: ${what}`, async (t) => {
    // The clock is read after the slot: this is the moment.
    const table = openTable(() => {
      table.write(0, { ...live, ...change })
      return nowTicks
    })
    table.write(0, live)
    t.same(await table.list(), [], 'half of one and half of another is no row')
  })
}
