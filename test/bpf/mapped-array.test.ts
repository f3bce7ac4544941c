/** Array maps as memory, a part at a time. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { planEntryLayout, realServerLayout } from '../../src/dataplane/tables/layout.gen.js'
import { fromBytes } from '../../src/dataplane/tables/layout-fields.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'
import { openDirector } from './director-fixture.js'

const mappings = () => readFileSync('/proc/self/maps', 'utf8').split('bpf-map\n').length - 1

function key(index: number): Buffer {
  return Buffer.from(Uint32Array.of(index).buffer)
}

t.test('records on both sides of where one part ends', (t) => {
  const { maps } = openDirector(t)
  const array = new MappedArray(maps.realServers, realServerLayout)
  const indexes = [0, 1, 16383, 16384, 32767, 32768, array.capacity - 1]
  for (const index of indexes) array.publish(index, realServerLayout.offsets.order, index + 1)
  for (const index of indexes) {
    const value = maps.realServers.lookup(key(index)) ?? Buffer.alloc(0)
    t.equal(fromBytes(realServerLayout, value).order, index + 1, `as the kernel has ${index}`)
    t.equal(array.get(index).order, index + 1)
  }
  t.end()
})

t.test('records of which a value holds several', (t) => {
  const { maps } = openDirector(t)
  const array = new MappedArray(maps.planEntries, planEntryLayout)
  const inValue = maps.planEntries.info.valueSize / planEntryLayout.size
  for (const index of [16383, 16384, array.capacity - 1]) {
    array.set(index, { server: index, weight: 7 })
    const value = maps.planEntries.lookup(key(Math.floor(index / inValue))) ?? Buffer.alloc(0)
    t.same(fromBytes(planEntryLayout, value, index % inValue), { server: index, weight: 7 })
  }
  t.end()
})

t.test('what is not used is not mapped', (t) => {
  const { maps } = openDirector(t)
  const before = mappings()
  const array = new MappedArray(maps.planEntries, planEntryLayout)
  t.equal(mappings(), before)
  array.get(100_000)
  array.get(100_001)
  t.equal(mappings(), before + 1)
  t.end()
})

t.test('indexes that are not there', (t) => {
  const { maps } = openDirector(t)
  const array = new MappedArray(maps.planEntries, planEntryLayout)
  for (const index of [-1, array.capacity]) {
    t.throws(() => array.get(index), new RangeError(`plan_entry: no index ${index}`))
  }
  t.end()
})
