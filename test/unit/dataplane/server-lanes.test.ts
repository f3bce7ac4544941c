import t from 'tap'
import { realServerLayout, serverFlag } from '../../../src/dataplane/tables/layout.gen.js'
import { countCodec } from '../../../src/dataplane/tables/traffic-codec.js'
import { server, web } from '../../bpf/director-fixture.js'
import { ModuleDirector } from '../../lib/module-director.js'

/** A counter to which somebody adds after every look. */
function moving(view: DataView): DataView {
  return new Proxy(view, {
    get: (target, name: 'getUint32' | 'getFloat64' | 'getBigUint64') => (offset: number) => {
      const value = target[name](offset, true)
      target.setBigUint64(0, target.getBigUint64(0, true) + 1n, true)
      return value
    },
  })
}

t.test('counters are whole, whatever is in them and whoever adds', async (t) => {
  const view = new DataView(new ArrayBuffer(8))
  for (const count of [0, 1, 2 ** 32 - 1, 2 ** 32, 3 * 2 ** 40 + 5, Number.MAX_SAFE_INTEGER]) {
    view.setBigUint64(0, BigInt(count), true)
    t.equal(countCodec.decode(view, 0), count)
  }
  view.setBigUint64(0, 2n ** 32n - 1n, true)
  const read = countCodec.decode(moving(view), 0)
  t.ok(read === 2 ** 32 - 1 || read === 2 ** 32, `${read} was never there`)
})

t.test('a server for which memory cannot be mapped leaves nothing', async (t) => {
  const director = new ModuleDirector()
  const { serverLanes, realServers } = director.maps
  const view = serverLanes.view
  serverLanes.view = () => {
    throw new Error('mmap: ENOMEM')
  }
  t.throws(() => director.install(web, [server(1)]), /ENOMEM/)
  serverLanes.view = view
  const flags = (slot: number) =>
    realServers.view().getUint8(slot * realServerLayout.size + realServerLayout.offsets.flags)
  t.equal(flags(0), 0)
  director.install(web, [server(2)])
  t.ok(flags(0) & serverFlag.PRESENT, 'the slot is given to the next')
})
