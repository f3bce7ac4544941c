import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { BpfError, BpfObject } from '../../src/bpf/index.js'
import { integer, loadObject, objectPath, skip } from './addon-fixture.js'

t.test('what is in a file', { skip }, async (t) => {
  const object = BpfObject.open(objectPath)
  t.teardown(() => object.close())
  t.same([...object.maps()].sort(), ['array', 'hash', 'percpu', 'variables'])
  t.same([...object.programs()].sort(), [
    'add',
    'count',
    'count_in_variable',
    'first',
    'interface',
    'refused',
    'second',
  ])
  t.match(
    object.mapSpecs().find(({ name }) => name === 'array'),
    { type: 2, keySize: 4, valueSize: 12, maxEntries: 4, flags: 1024 },
  )
})

t.test('no such file', async (t) => {
  const path = join(tmpdir(), 'nowhere.bpf.o')
  t.throws(() => BpfObject.open(path), {
    name: 'BpfError',
    code: 'ENOENT',
    syscall: 'bpf_object__open',
    message: new RegExp(path),
  })
})

t.test('a size set before load', { skip }, async (t) => {
  const object = BpfObject.open(objectPath)
  t.teardown(() => object.close())
  object.disable('refused')
  object.setMaxEntries('array', 64)
  object.load()
  t.equal(object.map('array').info.maxEntries, 64)
  t.equal(object.map('array').mmap().byteLength, 64 * 16)
  t.throws(() => object.setMaxEntries('array', 65), { code: 'EBUSY' })
  t.throws(() => object.setMaxEntries('variables', 2), { code: 'EINVAL' }, 'variables')
  t.throws(() => object.setMaxEntries('nothing', 65), { code: 'ENOENT', message: /nothing: ENOENT/ })
})

t.test('a map of variables, which another object goes on with', { skip }, async (t) => {
  const [object, next] = [loadObject(t), BpfObject.open(objectPath)]
  t.teardown(() => next.close())
  t.match(
    object.mapSpecs().find(({ name }) => name === 'variables'),
    { type: 2, keySize: 4, valueSize: 12, maxEntries: 1, flags: 1024 },
  )
  const data = Buffer.alloc(14)
  object.program('count_in_variable').testRun({ data })
  next.disable('refused')
  next.reuseMap('variables', object.map('variables'))
  next.load()
  next.program('count_in_variable').testRun({ data })
  t.same([...new Uint32Array(object.map('variables').mmap())].slice(0, 3), [0, 2, 0])
  const other = BpfObject.open(objectPath)
  t.teardown(() => other.close())
  t.throws(() => other.reuseMap('variables', object.map('array')), {
    code: 'INCOMPATIBLE',
    message: /^map variables: maxEntries is 4 in the kernel and 1 in /,
  })
})

t.test('what the verifier says is in the error', { skip }, async (t) => {
  const object = BpfObject.open(objectPath)
  t.teardown(() => object.close())
  try {
    object.load()
    t.fail('the verifier accepted an access without bounds check')
  } catch (error) {
    if (!(error instanceof BpfError)) throw error
    t.equal(error.code, 'EACCES')
    t.equal(error.syscall, 'bpf_object__load')
    t.match(error.message, /^bpf_object__load .*addon\.bpf\.o: EACCES \(permission denied\): .*outside of the packet$/)
    t.notMatch(error.message, '\n')
    t.match(error.log, /BEGIN PROG LOAD LOG[\s\S]*invalid access to packet[\s\S]*END PROG LOAD LOG/)
  }
})

t.test('maps and programs of what is not loaded', { skip }, async (t) => {
  const object = BpfObject.open(objectPath)
  t.teardown(() => object.close())
  t.throws(() => object.map('hash'), { code: 'EINVAL' })
  t.throws(() => object.program('first'), { code: 'EINVAL' })
  object.disable('refused')
  object.load()
  t.throws(() => object.program('refused'), { code: 'EINVAL' })
  t.throws(() => object.program('nothing'), { code: 'ENOENT' })
})

t.test('a closed object answers with EBADF or ENOENT; its maps live on', { skip }, async (t) => {
  const object = loadObject(t)
  const map = object.map('hash')
  object.close()
  t.throws(() => object.load(), { code: 'EBADF' })
  t.throws(() => object.maps(), { code: 'EBADF' })
  t.throws(() => object.map('hash'), { code: 'ENOENT' })
  map.update(integer(1, 8), integer(2))
  t.same(map.lookup(integer(1, 8)), integer(2))
})

t.test('every thread has its own addon', { skip }, async (t) => {
  const fixture = new URL('./addon-fixture.js', import.meta.url)
  const code = `
    import { parentPort, workerData } from 'node:worker_threads'
    const { BpfObject } = await import(workerData.bpf)
    const object = BpfObject.open(workerData.objectPath)
    object.disable('refused')
    object.load()
    globalThis.memory = object.map('array').mmap()
    const { retval } = object.program('first').testRun({ data: Buffer.alloc(14) })
    let message
    try { BpfObject.open(workerData.objectPath).load() } catch (error) { message = error.code }
    parentPort.postMessage({ retval, message })`
  const workerData = { bpf: new URL('../../src/bpf/index.js', fixture).href, objectPath }
  const answers = Array.from(
    { length: 3 },
    () =>
      new Promise((resolve, reject) => {
        const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
        let answer: unknown
        new Worker(url, { workerData })
          .on('message', (message) => {
            answer = message
          })
          .on('error', reject)
          .on('exit', () => resolve(answer))
      }),
  )
  for (const answer of await Promise.all(answers)) t.same(answer, { retval: 2, message: 'EACCES' })
  t.ok(loadObject(t).map('hash'), 'and goes on when others have ended')
})
