/** Our ipvsadm and the distribution's print the same bytes: rules that are read, long lists, names, refusals. */
import t, { type Test } from 'tap'
import { argumentCases } from '../cli/argument-cases.js'
import { sameOutput, TwoDirectors } from './two-directors.js'

const addWeb = '-A -t 192.0.2.10:80 -s wlc'
const addDns = '-A -u 192.0.2.10:53 -s rr'

/** Both refuse the same of what they read, in the same words; ours says besides of which line it speaks. */
async function sameRefusals(t: Test, directors: TwoDirectors, rules: readonly string[]): Promise<void> {
  const [ours, real] = await directors.say('-R', rules.map((rule) => `${rule}\n`).join(''))
  t.match(ours.stderr, /^(line [1-9][0-9]*: .*\n)+$/)
  t.same({ ...ours, stderr: ours.stderr.replace(/^line [0-9]+: /gm, '') }, real)
}

t.test('rules that are read', async (t) => {
  const directors = await TwoDirectors.started(t)
  const rules = [
    addWeb,
    addWeb,
    '-a -t 192.0.2.10:80 -r 10.0.0.11 -g -w 3',
    'ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.12 -i',
    addDns,
    '-a -t 192.0.2.77:80 -r 10.0.0.12',
  ]
  await sameRefusals(t, directors, rules)
  await sameOutput(t, directors, '-Sn')
  await sameRefusals(t, directors, [`${addWeb} --bogus`, '-C'])
  await sameOutput(t, directors, '-Sn')
})

t.test('a long list', async (t) => {
  const directors = await TwoDirectors.started(t)
  const rules = Array.from({ length: 100 }, (_, i) => {
    const service = `-t 192.0.2.${1 + (i % 200)}:${80 + i}`
    return `-A ${service}\n-a ${service} -r 10.0.0.11 -g\n-a ${service} -r 10.0.0.12 -g\n`
  })
  await sameOutput(t, directors, '-R', rules.join(''))
  for (const question of ['-Ln', '-Sn', '-Ln --stats']) await sameOutput(t, directors, question)
})

t.test('the command itself, with names', async (t) => {
  const directors = await TwoDirectors.started(t)
  for (const step of [addWeb, '-a -t 192.0.2.10:80 -r 10.0.0.11 -g']) await sameOutput(t, directors, step)
  for (const line of ['-L', '-S', '-Ln', '-v', '-D -t 192.0.2.99:80']) {
    const args = line.split(' ')
    t.same(await directors.ours(args), await directors.real(args), `ipvsadm ${line}`)
  }
})

t.test('what ipvsadm refuses by itself are the words of the real one', async (t) => {
  const directors = await TwoDirectors.started(t)
  for (const [line, status, message] of argumentCases) {
    const { status: realStatus, stderr } = await directors.real(line.split(' '))
    t.same([realStatus, stderr], [status, `${message}\n`], line)
  }
})
