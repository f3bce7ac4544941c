import t from 'tap'
import { Silence } from '../../../../src/dataplane/raw/silence.js'
import { dns, web } from '../../../bpf/director-fixture.js'
import { MemoryLog } from '../../../lib/memory-log.js'
import { FakeNft } from '../../../lib/raw-director.js'

function silence() {
  const [nft, log] = [new FakeNft(), new MemoryLog()]
  return { nft, log, silence: new Silence(nft, '/run/xlvs', log) }
}

const sets = ({ elements }: FakeNft) => Object.fromEntries(Array.from(elements, ([set, all]) => [set, [...all]]))

t.test('what is told in a burst is one run of nft', async (t) => {
  const { nft, silence: it } = silence()
  await it.open([web])
  t.same(sets(nft), { services: ['192.0.2.10 . tcp . 80'] })
  const runs = nft.runs
  it.add(web)
  it.add(dns)
  it.delete(web)
  it.add({ ...web, vport: 443 })
  await it.settled()
  t.same(sets(nft), {
    services: ['192.0.2.10 . udp . 53', '192.0.2.10 . tcp . 443'],
    unreachable: ['192.0.2.10 . 53'],
  })
  t.equal(nft.runs, runs + 1)
  it.delete(dns)
  await it.settled()
  t.same(sets(nft), { services: ['192.0.2.10 . tcp . 443'], unreachable: [] })
})

t.test('what was told while nft ran comes after it', async (t) => {
  const { nft, silence: it } = silence()
  await it.open([])
  it.add(web)
  await Promise.resolve()
  it.add(dns)
  await it.settled()
  t.equal(sets(nft).services?.length, 2)
})

t.test('a refusal is logged and tried again', async (t) => {
  const { nft, log, silence: it } = silence()
  await it.open([])
  nft.refusal = new Error('no')
  it.add(web)
  await it.settled()
  t.same(log.lines, ['warn nftables refuses: this machine may answer for services; it will be tried again'])
  nft.refusal = undefined
  it.upkeep()
  await it.settled()
  t.equal(sets(nft).services?.length, 1)
})

t.test('a table that somebody has flushed is made again', async (t) => {
  const { nft, log, silence: it } = silence()
  await it.open([web])
  it.upkeep()
  await it.settled()
  t.same(log.lines, [])
  nft.flush()
  it.upkeep()
  it.add(dns)
  await it.settled()
  t.same(sets(nft), { services: ['192.0.2.10 . tcp . 80', '192.0.2.10 . udp . 53'], unreachable: ['192.0.2.10 . 53'] })
  t.same(log.lines, ['warn table of nftables was gone and has been made again'])
})

t.test('a refusal at the start is one', async (t) => {
  const { nft, silence: it } = silence()
  nft.refusal = new Error('no')
  await t.rejects(it.open([web]), { message: 'no' })
})
