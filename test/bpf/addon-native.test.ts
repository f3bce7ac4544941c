import t from 'tap'
import {
  type NativeMap,
  type NativeObject,
  type NativeProgram,
  type NativeRawSocket,
  native,
} from '../../src/native.js'
import { objectPath, skip } from './addon-fixture.js'

const EINVAL = 22

/** The object, loaded, without src/bpf and its checks in between. */
function load(): NativeObject {
  const object = new (native().Object)()
  t.equal(object.open(objectPath), 0)
  t.equal(object.disableProgram('refused'), 0)
  t.equal(object.load(), 0)
  return object
}

t.test('the addon checks lengths itself', { skip }, async (t) => {
  const map = load().map('hash') as NativeMap
  const bytes = (length: number) => new Uint8Array(length)
  const [key, value] = [bytes(8), bytes(4)]
  t.equal(map.update(key, value, 0), 0)
  for (const [what, result] of [
    ['lookup: key', map.lookup(bytes(7), value)],
    ['lookup: value', map.lookup(key, bytes(3))],
    ['update: key', map.update(bytes(9), value, 0)],
    ['update: value', map.update(key, bytes(5), 0)],
    ['delete', map.delete(bytes(0))],
    ['nextKey: key', map.nextKey(bytes(4), key)],
    ['nextKey: next', map.nextKey(undefined, bytes(4))],
    ['batch: from', map.lookupBatch(bytes(4), key, bytes(80), bytes(40))],
    ['batch: to', map.lookupBatch(undefined, bytes(4), bytes(80), bytes(40))],
    ['batch: keys', map.lookupBatch(undefined, key, bytes(81), bytes(40))],
    ['batch: values', map.lookupBatch(undefined, key, bytes(80), bytes(36))],
    ['batch: nothing', map.lookupBatch(undefined, key, bytes(0), bytes(0))],
  ] as const) {
    t.equal(result, -EINVAL, what)
  }
  t.equal(map.lookupBatch(undefined, key, bytes(80), bytes(40)), 1)
})

t.test('the addon takes nothing but Uint8Arrays for bytes', { skip }, async (t) => {
  const object = load()
  const map = object.map('hash') as NativeMap
  const program = object.program('first') as NativeProgram
  const wrong = [
    undefined,
    null,
    8,
    'abcdefgh',
    [1, 2, 3, 4, 5, 6, 7, 8],
    new ArrayBuffer(8),
    new BigUint64Array(1),
    {},
  ]
  for (const each of wrong) {
    const bytes = each as unknown as Uint8Array
    t.equal(map.delete(bytes), -EINVAL)
    t.equal(map.lookup(new Uint8Array(8), bytes), -EINVAL)
    if (each === undefined) continue
    const run = { dataIn: bytes, dataOut: undefined, ctx: undefined, repeat: 1, flags: 0, cpu: 0, batchSize: 0 }
    t.equal(program.testRun(run), -EINVAL)
  }
})

t.test('a raw socket takes nothing that is not within the memory', { skip }, async (t) => {
  const udp = 17
  const socket = native().rawSocket(udp) as NativeRawSocket
  t.teardown(() => socket.close())
  const memory = new Uint8Array(100)
  const words = (...values: number[]) => Uint32Array.from(values)
  const wordsOfBytes = new Uint8Array(4) as unknown as Uint32Array
  for (const [what, result] of [
    ['receive: offset', socket.receive(memory, words(101), words(0), 0)],
    ['receive: room', socket.receive(memory, words(50), words(0), 51)],
    ['receive: room of all', socket.receive(memory, words(0), words(0), 0xffff_ffff)],
    ['receive: offsets of another kind', socket.receive(memory, wordsOfBytes, words(0), 10)],
    ['receive: lengths of another kind', socket.receive(memory, words(0), wordsOfBytes, 10)],
    ['send: offset', socket.send(memory, words(101), words(0), words(0), 0, 1)],
    ['send: length', socket.send(memory, words(50), words(51), words(0), 0, 1)],
    ['send: first', socket.send(memory, words(0), words(20), words(0), 1, 1)],
    ['send: count', socket.send(memory, words(0), words(20), words(0), 0, 2)],
    ['send: offsets of another kind', socket.send(memory, wordsOfBytes, words(20), words(0), 0, 1)],
    ['send: lengths of another kind', socket.send(memory, words(0), wordsOfBytes, words(0), 0, 1)],
    ['send: addresses of another kind', socket.send(memory, words(0), words(20), wordsOfBytes, 0, 1)],
  ] as const) {
    t.equal(result, -EINVAL, what)
  }
})
