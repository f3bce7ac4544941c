import t from 'tap'
import { frame } from '../../lib/packet.js'
import { difference } from '../../vm/compare/compare.js'
import type { Observation } from '../../vm/compare/observation.js'
import { observed } from './observed.js'

const names = ['model', 'own'] as const
const segment = frame({ tcp: {} })

/** Changes that have to be seen, and words that tell a reader which one it was. */
const changes: [what: string, change: Partial<Observation>, words: RegExp][] = [
  ['a trailing blank', observed({ '-Ln': 'a \nc\n' }), /^ipvsadm -Ln\n {2}- a\n {2}\+ a $/m],
  ['a line that is missing', observed({ '-Sn': '' }), /^ipvsadm -Sn\n {2}- -A -t x$/m],
  ['the end of a text', observed({ '-Sn': '-A -t x' }), /^ipvsadm -Sn$/m],
  ['a frame that was not sent', { sent: [] }, /^frames to 02:00:00:00:00:02\n {2}- .* tcp S /m],
  ['one bit of a frame', { sent: [frame({ tcp: { window: 1 } })] }, /^frames to 02:00:00:00:00:02\n/m],
  [
    'frames in another order',
    { sent: [frame({ ip: { id: 1 } }), segment] },
    /^frames to 02:00:00:00:00:02\n {2}\+ .*\n {2}\+ .*/m,
  ],
  ['an exit status', outcome({ status: 1 }), /^ipvsadm -D: exit status\n {2}- 0\n {2}\+ 1$/m],
  ['standard error', outcome({ stderr: 'no' }), /^ipvsadm -D: standard error\n {2}- \n {2}\+ no$/m],
]

function outcome(changed: object): Partial<Observation> {
  return { outcomes: new Map([['-D', { status: 0, stdout: '', stderr: '', ...changed }]]) }
}

const base: Observation = { ...observed({ '-Ln': 'a\nc\n', '-Sn': '-A -t x\n' }), sent: [segment], ...outcome({}) }

t.test('what is alike has no difference', async (t) => {
  t.equal(difference(names, base, { ...base, sent: [frame({ tcp: {} })] }), undefined)
})

t.test('what differs is told', async (t) => {
  for (const [what, change, words] of changes)
    t.match(difference(names, base, { ...base, ...change })?.text, words, what)
})

t.test('frames to different receivers are not compared in order', async (t) => {
  const [one, other] = [frame(), frame({ ethernet: { destination: '02:00:00:00:00:03' } })]
  t.equal(difference(names, { ...base, sent: [one, other] }, { ...base, sent: [other, one] }), undefined)
})
