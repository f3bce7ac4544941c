import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { BpfMap, BpfObject, cpuNumbers, possibleCpus, updateFlags } from '../../src/bpf/index.js'
import { waitFor } from '../lib/wait-for.js'
import { integer, loadObject, objectPath, pinDirectory, skip } from './addon-fixture.js'

t.test('a hash: update, lookup, delete', { skip }, async (t) => {
  const map = loadObject(t).map('hash')
  const key = integer(5, 8)
  t.equal(map.lookup(key), undefined)
  t.equal(map.delete(key), false)
  map.update(key, integer(50), updateFlags.noExist)
  t.same(map.lookup(key), integer(50))
  t.throws(() => map.update(key, integer(51), updateFlags.noExist), {
    name: 'BpfError',
    code: 'EEXIST',
    errno: 17,
    syscall: 'BPF_MAP_UPDATE_ELEM',
    message: /hash: EEXIST/,
  })
  t.throws(() => map.update(integer(6, 8), integer(60), updateFlags.exist), { code: 'ENOENT' })
  t.equal(map.delete(key), true)
  t.equal(map.lookup(key), undefined)
})

t.test('keys and values of the wrong size are refused before the kernel sees them', { skip }, async (t) => {
  const object = loadObject(t)
  const map = object.map('hash')
  t.throws(() => map.lookup(integer(1)), new RangeError('map hash: key has 4 bytes, must have 8'))
  t.throws(() => map.delete(integer(1)), new RangeError('map hash: key has 4 bytes, must have 8'))
  t.throws(() => map.update(integer(1, 8), integer(1, 8)), new RangeError('map hash: value has 8 bytes, must have 4'))
  const size = 8 * possibleCpus()
  t.throws(
    () => object.map('percpu').update(integer(0), integer(1)),
    new RangeError(`map percpu: value has 4 bytes, must have ${size}`),
  )
})

t.test('a per-CPU array has a value for each possible CPU', { skip }, async (t) => {
  const map = loadObject(t).map('percpu')
  t.equal(map.info.valueBytes, 8 * possibleCpus())
  const value = Buffer.alloc(map.info.valueBytes)
  for (let cpu = 0; cpu < possibleCpus(); cpu++) value.writeUInt32LE(100 + cpu, cpu * 8)
  map.update(integer(3), value)
  t.same(map.lookup(integer(3)), value)
  const { count, keys, values } = map.lookupAll()
  t.equal(count, 8)
  t.same(keys, Buffer.concat([0, 1, 2, 3, 4, 5, 6, 7].map((key) => integer(key))))
  t.same(values.subarray(3 * value.length, 4 * value.length), value)
  t.same(values.subarray(4 * value.length), Buffer.alloc(4 * value.length))
})

t.test('numbers of CPUs', async (t) => {
  t.ok(cpuNumbers() >= possibleCpus())
  const numbers = readdirSync('/sys/devices/system/cpu').flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? [])
  t.ok(numbers.every((number) => Number(number) < cpuNumbers()))
})

t.test('a hash is read whole, whatever it holds', { skip }, async (t) => {
  const map = loadObject(t).map('hash')
  for (const size of [0, 1, 1000]) {
    for (let i = 0; i < size; i++) map.update(integer(i, 8), integer(2 * i))
    const { count, keys, values } = map.lookupAll()
    t.equal(count, size)
    const entries = Array.from({ length: count }, (_, i) => [keys.readUInt32LE(8 * i), values.readUInt32LE(4 * i)])
    t.same(
      entries.sort(([a = 0], [b = 0]) => a - b),
      Array.from({ length: size }, (_, i) => [i, 2 * i]),
    )
  }
})

t.test('keys can be deleted while they are walked, and each comes once', { skip }, async (t) => {
  const map = loadObject(t).map('hash')
  const all = Array.from({ length: 500 }, (_, i) => i)
  for (const i of all) map.update(integer(i, 8), integer(i))
  const seen: number[] = []
  for (const key of map.keys()) {
    const i = key.readUInt32LE()
    seen.push(i)
    if (i % 2 === 0) t.ok(map.delete(key))
    if (seen.length > all.length) break
  }
  t.same(
    seen.sort((a, b) => a - b),
    all,
  )
  t.equal([...map.keys()].length, 250)
})

t.test('an array in memory', { skip }, async (t) => {
  const object = loadObject(t)
  const map = object.map('array')
  const words = new Uint32Array(map.mmap())
  t.equal(words.byteLength, 4 * 16, '12 bytes are rounded up to 16')
  map.update(integer(2), Buffer.concat([integer(7), integer(8), integer(9)]))
  t.same([...words.subarray(8, 11)], [7, 8, 9])
  Atomics.store(words, 1, 42)
  t.same(map.lookup(integer(0))?.readUInt32LE(4), 42)
  map.close()
  object.close()
  t.equal(Atomics.load(words, 9), 8, 'it outlives the descriptors')
})

t.test('mapped memory that is given back', { skip }, async (t) => {
  const map = loadObject(t).map('array')
  const mappings = () =>
    readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('bpf-map'))
  const before = mappings()
  const memory = map.mmap()
  const [mapping = '', ...others] = mappings().filter((line) => !before.includes(line))
  t.same(others, [])
  map.unmap(memory)
  t.equal(memory.byteLength, 0)
  await waitFor('the mapping to go', () => !mappings().includes(mapping))
  map.unmap(memory)
  t.equal(memory.byteLength, 0, 'a second time does nothing')
})

t.test('what is not mapped memory', { skip }, async (t) => {
  const object = loadObject(t)
  const array = object.map('array')
  for (const map of [
    () => object.map('hash').mmap(),
    () => array.mmap(0, 65),
    () => array.mmap(64),
    () => array.mmap(8),
  ]) {
    t.throws(map, { code: 'EINVAL', syscall: 'mmap' })
  }
})

t.test('a map outlives its process by a pin', { skip }, async (t) => {
  const path = `${pinDirectory(t)}/numbers`
  const object = loadObject(t)
  const map = object.map('hash')
  map.update(integer(1, 8), integer(10))
  map.pin(path)
  t.throws(() => map.pin(path), { code: 'EEXIST', syscall: 'BPF_OBJ_PIN' })
  const { id } = map.info
  map.close()
  object.close()
  const again = BpfMap.openPinned(path)
  t.teardown(() => again.close())
  t.match(again.info, { id, name: 'hash', type: 1, keySize: 8, valueSize: 4, maxEntries: 1000 })
  t.same(again.lookup(integer(1, 8)), integer(10))
  t.throws(() => BpfMap.openPinned(`${path}x`), { code: 'ENOENT', message: /numbersx: ENOENT/ })
})

t.test('something else is pinned there', { skip }, async (t) => {
  const path = `${pinDirectory(t)}/program`
  loadObject(t).program('first').pin(path)
  t.throws(() => BpfMap.openPinned(path), { code: 'EINVAL' })
})

t.test('a closed map answers with EBADF', { skip }, async (t) => {
  const map = loadObject(t).map('hash')
  map.close()
  map.close()
  t.throws(() => map.fd, { code: 'EBADF' })
  t.throws(() => map.lookup(integer(1, 8)), { code: 'EBADF' })
  t.throws(() => map.update(integer(1, 8), integer(1)), { code: 'EBADF' })
  t.throws(() => map.lookupAll(), { code: 'EBADF' })
  t.throws(() => map.mmap(), { code: 'EBADF' })
  t.throws(() => [...map.keys()], { code: 'EBADF' })
})

t.test('a map that exists is used again', { skip }, async (t) => {
  const first = loadObject(t)
  const shared = first.map('hash')
  shared.update(integer(1, 8), integer(10))
  const second = BpfObject.open(objectPath)
  t.teardown(() => second.close())
  second.disable('refused')
  second.setMaxEntries('hash', 64)
  second.reuseMap('hash', shared)
  t.throws(() => second.reuseMap('percpu', shared), {
    name: 'DirectorError',
    code: 'INCOMPATIBLE',
    message: /^map percpu: type is 1 in the kernel and 6 in /,
  })
  t.throws(() => second.reuseMap('nothing', shared), { code: 'ENOENT' })
  second.load()
  t.match(second.map('hash').info, { id: shared.info.id, maxEntries: 1000 }, 'with the size that it has')
  t.not(second.map('array').info.id, first.map('array').info.id)
})
