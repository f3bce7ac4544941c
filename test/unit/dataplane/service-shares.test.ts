import t from 'tap'
import { serverShareLayout, serviceShareLayout } from '../../../src/dataplane/tables/layout.gen.js'
import { ServiceShares } from '../../../src/dataplane/tables/service-shares.js'
import type { TableMap } from '../../../src/dataplane/tables/table-map.js'
import { ManualClock } from '../../lib/manual-clock.js'

/** A map of some records; memory is to be had when `fails` says so. */
function mapOf(records: number, valueSize: number, fails: () => boolean): TableMap {
  const bytes = new ArrayBuffer(records * valueSize)
  const view = (first = 0, length = bytes.byteLength) => {
    if (fails()) throw new Error('no memory')
    return new DataView(bytes, first, length)
  }
  return { info: { maxEntries: records, valueSize }, view } as unknown as TableMap
}

for (const broken of ['serverShares', 'serviceShares'] as const) {
  t.test(`a server that finds no memory for ${broken} has taken no share`, async (t) => {
    let isBroken = false
    const fails = (name: string) => () => isBroken && name === broken
    const maps = {
      serverShares: mapOf(4, serverShareLayout.size, fails('serverShares')),
      // One for servers without a share, and one to be had.
      serviceShares: mapOf(2, serviceShareLayout.size, fails('serviceShares')),
    }
    const shares = new ServiceShares(maps, new ManualClock())
    shares.adopt([])
    isBroken = true
    for (let i = 0; i < 3; i++) t.throws(() => shares.join(0, undefined), /no memory/)
    isBroken = false
    shares.join(0, undefined)
    shares.join(1, 0)
    t.equal(shares.assured(1), 0)
    t.throws(() => shares.join(2, undefined), { code: 'NO_SPACE' })
    shares.leave(0, false)
    shares.join(2, undefined)
  })
}
