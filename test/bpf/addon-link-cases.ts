import { execFileSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { BpfLink } from '../../src/bpf/index.js'
import { loadObject, pinDirectory } from './addon-fixture.js'

interface Attached {
  /** XDP_ATTACHED_*, linux/if_link.h: 1 native, 2 generic. */
  readonly mode: number
  readonly program: number
}

/** What iproute2 says is attached to an interface. */
function attached(name: string): { ifindex: number; xdp: Attached | undefined } {
  const [link] = JSON.parse(execFileSync('ip', ['-json', 'link', 'show', name], { encoding: 'utf8' }))
  const { ifindex, xdp } = link as { ifindex: number; xdp?: { mode: number; prog: { id: number } } }
  return { ifindex, xdp: xdp && { mode: xdp.mode, program: xdp.prog.id } }
}

/** A pair of interfaces; gives the index of one end. */
function veth(t: Test): number {
  execFileSync('ip', ['link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right'])
  t.teardown(() => execFileSync('ip', ['link', 'del', 'left']))
  return attached('left').ifindex
}

for (const [mode, kernelMode] of [
  ['native', 1],
  ['generic', 2],
] as const) {
  t.test(`${mode}: attach, swap, close`, async (t) => {
    const ifindex = veth(t)
    const object = loadObject(t)
    const [first, second] = [object.program('first'), object.program('second')]
    const link = first.attachXdp(ifindex, mode)
    t.same(attached('left').xdp, { mode: kernelMode, program: first.info.id })
    t.match(link.info, { programId: first.info.id, ifindex })
    t.throws(() => second.attachXdp(ifindex, mode), {
      code: 'EBUSY',
      syscall: 'BPF_LINK_CREATE',
      message: new RegExp(`second on interface ${ifindex} \\(${mode}\\): EBUSY`),
    })
    link.update(second)
    t.same(attached('left').xdp, { mode: kernelMode, program: second.info.id })
    link.close()
    t.equal(attached('left').xdp, undefined)
    t.throws(() => link.info, { code: 'EBADF' })
  })
}

t.test('a pinned link stays when it is closed, until it is detached', async (t) => {
  const ifindex = veth(t)
  const path = `${pinDirectory(t)}/link`
  const object = loadObject(t)
  const link = object.program('first').attachXdp(ifindex, 'native')
  const { programId } = link.info
  link.pin(path)
  link.close()
  t.equal(attached('left').xdp?.program, programId)

  const again = BpfLink.openPinned(path)
  t.match(again.info, { programId, ifindex })
  again.update(object.program('second'))
  t.equal(attached('left').xdp?.program, object.program('second').info.id)
  again.detach()
  t.equal(attached('left').xdp, undefined)
  t.equal(again.info.ifindex, 0)
  again.close()
})

t.test('native mode on an interface without it', async (t) => {
  const { ifindex } = attached('lo')
  t.throws(() => loadObject(t).program('first').attachXdp(ifindex, 'native'), { code: 'EOPNOTSUPP', errno: 95 })
})

t.test('no such interface', async (t) => {
  t.throws(() => loadObject(t).program('first').attachXdp(0x7fff_ffff, 'generic'), { code: 'EINVAL' })
})
