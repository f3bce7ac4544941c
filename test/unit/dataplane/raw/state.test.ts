/** What one process leaves to the next: the state file, by the data plane that writes and reads it. */
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Connection } from '../../../../src/core/connection.js'
import type { Dataplane, ServiceEntry } from '../../../../src/dataplane/dataplane.js'
import { removeRaw } from '../../../../src/dataplane/raw/open.js'
import { readState } from '../../../../src/dataplane/raw/state-file.js'
import { DirectorModule, type MemoryMaps } from '../../../../src/dataplane/wasm/module.js'
import { dns, segment, server, wayTo, web } from '../../../bpf/director-fixture.js'
import { RawDirector } from '../../../lib/raw-director.js'
import { waitFor } from '../../../lib/wait-for.js'

const entry: ServiceEntry = {
  service: web,
  servers: [server(1)],
  plan: { pick: 'sequence', segments: [{ start: 0, servers: [0] }], length: 1, start: 0 },
}
const syn = segment('S').subarray(14)

async function connections(dataplane: Dataplane): Promise<Connection[]> {
  const all: Connection[] = []
  for await (const connection of dataplane.connections()) all.push(connection)
  return all
}

/** One connection of one service. */
function forwardOne(director: RawDirector, dataplane: Dataplane): void {
  dataplane.setNextHop('10.0.0.1', wayTo(1))
  dataplane.setService(entry)
  director.receive(syn)
}

const stateOf = ({ runtimeDir }: RawDirector) => join(runtimeDir, 'raw.state')

t.test('what is known after a kill is what was written last', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  const { dataplane } = opened
  dataplane.setNextHop('10.0.0.1', wayTo(1))
  dataplane.setService(entry)
  t.notOk(existsSync(stateOf(director)))
  await dataplane.settled()
  await director.clock.advance(200)
  await waitFor('the configuration to be written', async () => existsSync(stateOf(director)))
  director.receive(syn)
  dataplane.collect()
  await waitFor('the connection to be written', async () => {
    const next = new RawDirector()
    copyFileSync(stateOf(director), stateOf(next))
    const { dataplane } = await next.start()
    const found = (await connections(dataplane)).length
    await dataplane.close()
    rmSync(next.runtimeDir, { recursive: true })
    return found === 1
  })
})

t.test('a change while the one before is being written is written, too', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  for (const service of [web, dns]) {
    opened.dataplane.setService({ ...entry, service })
    await opened.dataplane.settled()
    await director.clock.advance(200)
  }
  await waitFor('both services to be written', async () => {
    await director.clock.advance(200)
    if (!existsSync(stateOf(director))) return false
    const [maps] = storedTables(director)
    return maps.services.lookupAll().count === 2
  })
})

t.test('an end writes everything', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  forwardOne(director, opened.dataplane)
  const before = await connections(opened.dataplane)
  opened.dataplane.collect()
  await opened.dataplane.close()
  const next = await director.start()
  t.same(await connections(next.dataplane), before)
  t.equal(before.length, 1)
  t.same(readdirSync(director.runtimeDir), ['raw.lock', 'raw.state'], 'nothing half-written is left')
})

t.test('a state that cannot be used is said so, and not used', async (t) => {
  for (const [damage, reason] of [
    [(path: string) => truncateSync(path, readFileSync(path).length - 1), /^it is damaged$/],
    [flipLastBit, /^it is damaged$/],
    [(path: string) => edit(path, (header) => ({ ...header, bootId: 'another' })), /started anew/],
  ] as const) {
    const { director, opened } = await RawDirector.open(t)
    opened.dataplane.setService(entry)
    await opened.dataplane.close()
    damage(stateOf(director))
    const next = await director.start()
    t.same([...next.dataplane.services()], [])
    const at = director.log.lines.indexOf('warn the state of the last run cannot be used; starting without it')
    t.match(director.log.fields[at]?.reason, reason)
  }
})

t.test('a state of another version stays, and a start is refused', async (t) => {
  for (const [damage, reason] of [
    [(path: string) => writeFileSync(path, ''), /raw\.state: it is no state of this version;/],
    [(path: string) => writeFileSync(path, 'xlvs'), /raw\.state: it is no state of this version;/],
    [
      (path: string) => edit(path, ({ layout, ...header }) => header),
      /raw\.state: its tables have layout 1, and this version's have layout 2;/,
    ],
    [
      (path: string) => edit(path, (header) => ({ ...header, layout: 3 })),
      /raw\.state: its tables have layout 3, and this version's have layout 2;/,
    ],
    [editTable('realServers', { valueSize: 48 }), /table realServers is another build's/],
    [editTable('vips', { keySize: 8 }), /table vips/],
    [editTable('plans', { maxEntries: 2 }), /table plans/],
    [editTable('plans', { type: 1 }), /table plans/],
    [editTable('conns', { valueSize: 512 }), /table conns/],
    [(path: string) => edit(path, ({ maps: { config, ...maps }, ...header }) => ({ ...header, maps })), /table config/],
    [editTable('another', { type: 2, blocks: 0 }), /table another/],
  ] as const) {
    const { director, opened } = await RawDirector.open(t)
    opened.dataplane.setService(entry)
    await opened.dataplane.close()
    damage(stateOf(director))
    const before = readFileSync(stateOf(director))
    await t.rejects(director.start(), { code: 'INCOMPATIBLE', message: reason })
    await t.rejects(director.start(), { message: /'xlvs down' removes what another version left/ })
    t.ok(readFileSync(stateOf(director)).equals(before))
    t.equal(await hasTable(director), true, 'and the kernel silent')
  }
})

t.test('a state of a build with other verdicts goes on, its verdicts anew', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  forwardOne(director, opened.dataplane)
  const before = await connections(opened.dataplane)
  t.equal(opened.dataplane.stats().verdicts.get('route_tx'), 1)
  await opened.dataplane.close()
  const [asItWas] = storedTables(director)
  editTable('verdicts', { valueSize: 320 })(stateOf(director))
  const [asItIs, services] = storedTables(director)
  t.equal(services, 1)
  t.same(asItIs.vips.lookupAll(), asItWas.vips.lookupAll(), 'what stands behind them is read')
  const next = await director.start()
  t.same([...next.dataplane.services()], [entry])
  t.same(await connections(next.dataplane), before)
  t.equal(before.length, 1)
  t.equal(next.dataplane.stats().verdicts.get('route_tx'), 0)
  t.equal(anew(director), 1)
  await next.dataplane.close()
  await director.start()
  t.equal(anew(director), 1, 'which is said once')
})

t.test('a state of a build that kept more than outlives a packet goes on', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  forwardOne(director, opened.dataplane)
  await opened.dataplane.close()
  for (const name of ['locks', 'icmpBudget', 'sweeper', 'scratch']) {
    editTable(name, { type: 2, keySize: 4, valueSize: 24, maxEntries: 1, blocks: 0 })(stateOf(director))
  }
  const next = await director.start()
  t.same([...next.dataplane.services()], [entry])
  t.equal((await connections(next.dataplane)).length, 1)
})

function storedTables({ runtimeDir, log }: RawDirector): [MemoryMaps, services: number] {
  const stored = readState(runtimeDir, log)
  if (!stored) throw new Error(`${runtimeDir} has no state that can be used`)
  const { maps } = new DirectorModule({ sizes: { conns: { maxEntries: stored.sets } }, packetBytes: 0 })
  stored.fill(maps)
  return [maps, stored.services]
}

function anew({ log }: RawDirector): number {
  return log.lines.filter((line) => line === 'info counters start anew: this build has others').length
}

function flipLastBit(path: string): void {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  writeFileSync(path, bytes)
}

t.test('a state that is no file is refused', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  await opened.dataplane.close()
  rmSync(stateOf(director))
  mkdirSync(stateOf(director))
  await t.rejects(director.start(), { code: 'INVALID', message: /raw\.state is no file/ })
})

interface Header {
  readonly layout?: number
  readonly maps: Readonly<Record<string, object>>
}

/** Another build's file: its header is another, and its digest right. */
function edit(path: string, change: (header: Header) => Header): void {
  const lines = readFileSync(path)
  const signed = lines.subarray(lines.indexOf('\n') + 1)
  const end = signed.indexOf('\n')
  const header = change(JSON.parse(signed.toString('utf8', 0, end)))
  const all = Buffer.concat([Buffer.from(JSON.stringify(header)), signed.subarray(end)])
  const digest = createHash('sha256').update(all).digest('hex')
  writeFileSync(path, Buffer.concat([Buffer.from(`${digest}\n`), all]))
}

function editTable(name: string, fields: object): (path: string) => void {
  return (path) => {
    edit(path, ({ maps, ...header }) => ({ ...header, maps: { ...maps, [name]: { ...maps[name], ...fields } } }))
  }
}

t.test('the table keeps its size', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  opened.dataplane.setService(entry)
  await opened.dataplane.close()
  await t.rejects(director.start({ tableSize: 4096 }), { code: 'INVALID', message: /4096 asked for, but .* has 1024/ })
  t.same([...(await director.start({})).dataplane.services()], [entry])
})

t.test('a table that cannot be swept in time is refused', async (t) => {
  const director = new RawDirector()
  t.teardown(() => rmSync(director.runtimeDir, { recursive: true }))
  await t.rejects(director.start({ tableSize: 2 ** 24 + 1 }), { code: 'INVALID', message: /16777217 is more than/ })
})

t.test('expired connections are taken off the counts', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  forwardOne(director, opened.dataplane)
  await director.clock.advance(1000)
  t.match([...opened.dataplane.counters()], [{ servers: [{ active: 1 }] }])
  director.advance(61)
  await director.clock.advance(1000)
  t.match([...opened.dataplane.counters()], [{ servers: [{ active: 0 }] }])
  t.match(opened.dataplane.stats(), { connections: { expired: 1, inUse: 0 } })
})

t.test('one director has a runtime directory', async (t) => {
  const { director } = await RawDirector.open(t)
  await t.rejects(director.start(), { code: 'BUSY', message: new RegExp(director.runtimeDir) })
  await t.rejects(removeRaw(director.runtimeDir, director.nft), { code: 'BUSY' })
})

t.test('a first start that fails later on leaves nothing', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  await opened.abandon()
  t.equal(await hasTable(director), false)
  t.same(readdirSync(director.runtimeDir), [])
  const again = await director.start()
  await again.dataplane.close()
  const later = await director.start()
  await later.abandon()
  t.equal(await hasTable(director), true, 'what an earlier one left stays')
})

t.test('services come and go with the silence about them', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  const silenced = () => [...(director.nft.elements.get('services') ?? [])]
  opened.dataplane.setService(entry)
  await opened.dataplane.settled()
  t.same(silenced(), ['192.0.2.10 . tcp . 80'])
  await opened.dataplane.close()
  director.nft.elements.set('services', new Set(['198.51.100.1 . tcp . 1']))
  const { dataplane } = await director.start()
  t.same(silenced(), ['192.0.2.10 . tcp . 80'], 'the next one begins with what it knows')
  dataplane.removeService(web)
  await dataplane.settled()
  t.same(silenced(), [])
})

t.test('removal leaves nothing', async (t) => {
  const { director, opened } = await RawDirector.open(t)
  t.equal(await hasTable(director), true)
  await opened.dataplane.close()
  t.equal(await removeRaw(director.runtimeDir, director.nft), true)
  t.equal(await hasTable(director), false)
  t.same(readdirSync(director.runtimeDir), [])
  t.equal(await removeRaw(director.runtimeDir, director.nft), false)
})

async function hasTable({ nft }: RawDirector): Promise<boolean> {
  return (await nft.tables()).length > 0
}
