import t from 'tap'
import { BpfProgram, xdpActions } from '../../src/bpf/index.js'
import { integer, loadObject, pinDirectory, skip } from './addon-fixture.js'

const frame = Buffer.from('ffffffffffff0200000000010800', 'hex')

t.test('a packet goes through an XDP program', { skip }, async (t) => {
  const object = loadObject(t)
  const before = Buffer.from(frame)
  const { retval, data } = object.program('second').testRun({ data: frame })
  t.equal(retval, xdpActions.tx)
  t.equal(data.toString('hex'), '22ffffffffff0200000000010800')
  t.same(frame, before, 'the packet given is untouched')
  t.equal(object.program('first').testRun({ data: frame, repeat: 10 }).retval, xdpActions.pass)
})

t.test('the interface that a packet came in on', { skip }, async (t) => {
  const program = loadObject(t).program('interface')
  const loopback = 1
  t.equal(program.testRun({ data: frame, ingressIfindex: loopback }).retval, loopback)
  t.throws(() => program.testRun({ data: frame, ingressIfindex: 0x7fff_ffff }), { code: 'ENODEV' })
})

t.test('refusals', { skip }, async (t) => {
  const program = loadObject(t).program('first')
  t.throws(() => program.testRun({ data: frame.subarray(0, 3) }), { code: 'EINVAL', syscall: 'BPF_PROG_TEST_RUN' })
  t.throws(() => program.testRun({ data: frame, outSize: 4 }), { code: 'ENOSPC' })
})

t.test('live frames run the program on each', { skip }, async (t) => {
  const object = loadObject(t)
  const { data } = object.program('count').testRun({ data: frame, repeat: 1000, liveFrames: true, batchSize: 32 })
  t.equal(data.length, 0)
  const counts = new Uint32Array(object.map('percpu').lookup(integer(0))?.buffer ?? new ArrayBuffer(0))
  t.equal(
    counts.reduce((sum, count) => sum + count, 0),
    1000,
  )
})

t.test('a syscall program', { skip }, async (t) => {
  const program = loadObject(t).program('add')
  const ctx = Buffer.concat([integer(3), integer(4), integer(0)])
  const result = program.run(ctx)
  t.equal(result.retval, 7)
  t.equal(result.ctx.readUInt32LE(8), 7)
  t.equal(ctx.readUInt32LE(8), 0, 'the buffer given is untouched')
})

t.test('a program outlives its process by a pin', { skip }, async (t) => {
  const path = `${pinDirectory(t)}/program`
  const object = loadObject(t)
  const program = object.program('second')
  program.pin(path)
  const { id, tag } = program.info
  t.match(tag, /^[0-9a-f]{16}$/)
  t.not(tag, object.program('first').info.tag)
  program.close()
  t.throws(() => program.info, { code: 'EBADF' })
  t.throws(() => program.testRun({ data: frame }), { code: 'EBADF' })
  object.close()
  const again = BpfProgram.openPinned(path)
  t.teardown(() => again.close())
  t.match(again.info, { id, tag, name: 'second' })
  t.equal(again.testRun({ data: frame }).retval, xdpActions.tx)
})
