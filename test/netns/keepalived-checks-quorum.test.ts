import type { Test } from 'tap'
import { answers } from '../lib/answers.js'
import type { CheckedServer } from '../lib/checked-server.js'
import { healthCheck, virtualServer } from '../lib/checks-conf.js'
import { type ChecksLab, ripOf, startChecks, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { NotifyScript } from '../lib/notify-script.js'
import { sameListings } from '../lib/same-listings.js'
import { type Weights, weightsAre } from '../lib/service-weights.js'
import { waitFor } from '../lib/wait-for.js'

/** A service of three real servers that needs two, give or take one: it is lost with none and gained with three. */
interface QuorumCase {
  readonly name: string
  readonly port: number
  readonly lines: (lab: ChecksLab) => string
  /** Who is in the service while the quorum is held by so many servers, and while it is lost with so many. */
  readonly held: (alive: Weights) => Weights
  readonly lost: (alive: Weights) => Weights
}

const sorryServer = (lab: ChecksLab, port: number) => `sorry_server ${ripOf(lab, 'sorry')} ${port}`
const cases: readonly QuorumCase[] = [
  { name: 'no sorry server', port: 8001, lines: () => '', held: (alive) => alive, lost: (alive) => alive },
  {
    name: 'a sorry server',
    port: 8002,
    lines: (lab) => sorryServer(lab, 8002),
    held: (alive) => alive,
    lost: () => ({ sorry: 1 }),
  },
  {
    name: 'a sorry server that is inhibited instead of removed',
    port: 8003,
    lines: (lab) => `${sorryServer(lab, 8003)}\n sorry_server_inhibit`,
    held: (alive) => ({ ...alive, sorry: 0 }),
    lost: () => ({ sorry: 1 }),
  },
]

await checksTest(
  'quorum, hysteresis and sorry servers',
  { ports: { plain: cases.map(({ port }) => port) } },
  async (t, lab) => {
    const { server1, server2, server3 } = lab.servers
    const all = [server1, server2, server3]
    for (const server of all) server.report('web')
    const script = new NotifyScript(lab)
    await startChecks(lab, cases.map((each) => serviceOf(lab, script, each)).join(''))

    const held = (alive: readonly CheckedServer[]) => becomes(t, lab, script, 'held', alive)
    const lost = (alive: readonly CheckedServer[]) => becomes(t, lab, script, 'lost', alive)
    await held(all)
    server1.retract('web')
    await held([server2, server3])
    server2.retract('web')
    await held([server3])
    server3.retract('web')
    await lost([])
    server1.report('web')
    await lost([server1])
    server2.report('web')
    await lost([server1, server2])
    server3.report('web')
    await held(all)
    await sameListings(t, lab)
    for (const { name, port } of cases) {
      const calls = script.calls(port).filter((call) => call.startsWith('quorum '))
      const states = calls.map((call) => call.split(':')[0])
      t.strictSame(
        states,
        ['quorum up', 'quorum down', 'quorum up'],
        `${name}: its scripts were called each in its turn`,
      )
    }
  },
)

/** All services come to be so, and their requests go where they should. */
async function becomes(
  t: Test,
  lab: ChecksLab,
  script: NotifyScript,
  state: 'held' | 'lost',
  alive: readonly CheckedServer[],
): Promise<void> {
  const names = alive.map(({ name }) => name).join(', ') || 'nobody'
  await t.test(`${names} well: the quorum is ${state}`, async (t) => {
    await noticed(lab, script, alive)
    const weights = Object.fromEntries(alive.map(({ name }) => [name, 1]))
    for (const { name, port, ...quorum } of cases) {
      const rotation = quorum[state](weights)
      await weightsAre(lab, `TCP ${vip}:${port}`, rotation)
      const working = Object.keys(rotation).filter((server) => rotation[server as keyof Weights])
      const share = Object.fromEntries(working.map((server) => [server, 4]))
      if (working.length === 0) continue
      t.strictSame(await answers(lab.client.namespace, `http://${vip}:${port}/`, 4 * working.length), share, name)
    }
    const called = state === 'held' ? 'up' : 'down'
    await waitFor(`the scripts quorum_${called} to have been called`, () =>
      cases.every(({ port }) => script.stateOf('quorum', port) === called),
    )
  })
}

/** Waits until keepalived knows who is well; that all were to begin with, it has taken for granted. */
async function noticed(lab: ChecksLab, script: NotifyScript, alive: readonly CheckedServer[]): Promise<void> {
  const { server1, server2, server3 } = lab.servers
  for (const server of [server1, server2, server3]) {
    const state = alive.includes(server) ? 'up' : 'down'
    await waitFor(`keepalived to say that ${server.name} is ${state}`, () =>
      cases.every(({ port }) => (script.stateOf(server.name, port) ?? 'up') === state),
    )
  }
}

function serviceOf(lab: ChecksLab, script: NotifyScript, { port, lines }: QuorumCase): string {
  const quorum = ['quorum 2', 'hysteresis 1', script.lines('quorum', port, 'quorum'), lines(lab)].join('\n ')
  const servers = (['server1', 'server2', 'server3'] as const).map((name) => ({
    rip: ripOf(lab, name),
    lines: `${healthCheck('web', port)}\n ${script.lines('notify', port, name)}`,
  }))
  return virtualServer({ of: `${vip} ${port}`, port, lines: quorum, servers })
}
