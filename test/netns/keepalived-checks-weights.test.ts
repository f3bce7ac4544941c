import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { answers } from '../lib/answers.js'
import { virtualServer } from '../lib/checks-conf.js'
import { type ChecksLab, ripOf, startChecks, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { sameListings } from '../lib/same-listings.js'
import { type Weights, weightsAre } from '../lib/service-weights.js'

/** What a check finds on server1, and the weights and the shares of the requests that come of it. */
interface Step {
  readonly finds: string
  readonly rotation: Weights
}

interface WeightCase {
  readonly name: string
  readonly port: number
  readonly check: (directory: string) => string
  readonly steps: readonly Step[]
}

const [configured, other] = [2, 1] as const
const both: Weights = { server1: configured, server2: other }
const misc = (directory: string, port: number, more = '') =>
  `MISC_CHECK { misc_path "${directory}/misc.sh ${port}"\n ${more} }`
const file = (port: number) => `FILE_CHECK { track_file found${port} }`

const cases: readonly WeightCase[] = [
  {
    name: 'MISC_CHECK with misc_dynamic: exit status',
    port: 8001,
    check: (directory) => misc(directory, 8001, 'misc_dynamic'),
    steps: [
      { finds: '0', rotation: both },
      { finds: '5', rotation: { server1: 3, server2: 1 } },
      { finds: '2', rotation: { server1: 0, server2: 1 } },
      { finds: '1', rotation: { server2: 1 } },
      { finds: '255', rotation: { server1: 253, server2: 1 } },
      { finds: '0', rotation: both },
    ],
  },
  {
    name: 'MISC_CHECK without it: exit status',
    port: 8002,
    check: (directory) => misc(directory, 8002),
    steps: [
      { finds: '0', rotation: both },
      { finds: '5', rotation: { server2: 1 } },
      { finds: '0', rotation: both },
    ],
  },
  {
    name: 'FILE_CHECK of weight 1: number in the file',
    port: 8003,
    check: () => file(8003),
    steps: [
      { finds: '0', rotation: both },
      { finds: '3', rotation: { server1: 5, server2: 1 } },
      { finds: '-2', rotation: { server1: 0, server2: 1 } },
      { finds: '0', rotation: both },
    ],
  },
  {
    name: 'FILE_CHECK of weight 0: number in the file',
    port: 8004,
    check: () => file(8004),
    steps: [
      { finds: '0', rotation: both },
      { finds: '1', rotation: { server2: 1 } },
      { finds: '0', rotation: both },
    ],
  },
]

await checksTest(
  'checks that say a weight: MISC_CHECK and FILE_CHECK',
  { ports: { plain: cases.map(({ port }) => port) } },
  async (t, lab) => {
    const directory = lab.workspace.temporaryDirectory('found')
    const finds = (port: number, text: string) => writeFileSync(join(directory, `${port}`), text)
    for (const { port } of cases) finds(port, '0')
    writeFileSync(join(directory, 'misc.sh'), `#!/bin/sh\nexit "$(cat ${directory}/$1)"\n`, { mode: 0o755 })
    const files = [
      trackFile('found8003', join(directory, '8003'), 1),
      trackFile('found8004', join(directory, '8004'), 0),
    ]
    await startChecks(lab, files.join('') + cases.map((each) => serviceOf(lab, each, directory)).join(''))

    for (const { name, port, steps } of cases) {
      await t.test(name, async (t) => {
        for (const step of steps) {
          finds(port, step.finds)
          await holds(t, lab, port, step)
        }
      })
    }
    await sameListings(t, lab)
  },
)

/** Requests follow the weights; as many as make whole rounds. */
async function holds(t: Test, lab: ChecksLab, port: number, { finds, rotation }: Step): Promise<void> {
  await weightsAre(lab, `TCP ${vip}:${port}`, rotation)
  const weighty = Object.entries(rotation).filter(([, weight]) => weight > 0)
  const rounds = weighty.some(([, weight]) => weight > 100) ? 1 : 4
  const shares = Object.fromEntries(weighty.map(([name, weight]) => [name, weight * rounds]))
  const count = Object.values(shares).reduce((sum, share) => sum + share, 0)
  const url = `http://${vip}:${port}/`
  t.strictSame(await answers(lab.client.namespace, url, count), shares, `${finds}: ${JSON.stringify(rotation)}`)
}

function serviceOf(lab: ChecksLab, { port, check }: WeightCase, directory: string): string {
  const servers = [
    { rip: ripOf(lab, 'server1'), weight: configured, lines: check(directory) },
    { rip: ripOf(lab, 'server2'), weight: other, lines: 'TCP_CHECK { }' },
  ]
  return virtualServer({ of: `${vip} ${port}`, port, algo: 'wrr', servers })
}

function trackFile(name: string, path: string, weight: number): string {
  return `track_file ${name} {\n file ${path}\n weight ${weight}\n}\n`
}
