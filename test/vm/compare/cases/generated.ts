import { seededRandom } from '../../../lib/random.js'
import { far, near } from '../plan.js'
import { type Case, ipvsadm, type Step, tcp, udp, wait } from '../step.js'

const services = ['-t VIP:80', '-u VIP:53', '-t VIP2:80'] as const
const servers = [...near.map((rip) => `${rip} -g`), ...far.map((rip) => `${rip} -i`)]
const schedulers = ['rr', 'wrr', 'lc', 'wlc']
/** What clients send, mostly in the order of a connection's life. */
const flags = ['S', 'S', 'A', 'A', 'A', 'PA', 'FA', 'RA', '', 'SA']
const clients = 12

/** Random commands and packets, drawn from a seed. */
export function generatedCase(seed: number, count: number): Case {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const of = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T
  const port = () => 20_000 + below(clients)
  const ports = () => Array.from({ length: 1 + below(6) }, () => port())

  const kinds: readonly [share: number, draw: () => Step[]][] = [
    [3, () => ipvsadm(`-A ${of(services)} -s ${of(schedulers)}`)],
    [2, () => ipvsadm(`-E ${of(services)} -s ${of(schedulers)}`)],
    [1, () => ipvsadm(`-D ${of(services)}`)],
    [8, () => ipvsadm(`-a ${of(services)} -r ${of(servers)} -w ${below(5)}`)],
    [5, () => ipvsadm(`-e ${of(services)} -r ${of(servers)} -w ${below(5)}`)],
    [3, () => ipvsadm(`-d ${of(services)} -r ${of(servers).replace(/ -.$/, '')}`)],
    [1, () => ipvsadm(random() < 0.5 ? '-Z' : `-Z ${of(services)}`)],
    [1, () => ipvsadm(`--set ${of([0, 600, 900])} ${of([0, 60, 120])} ${of([0, 200, 300])}`)],
    [12, () => [tcp(port(), of(flags))]],
    [8, () => [tcp(port(), of(flags), {}, { ip: { destination: 'VIP2', tos: below(256), df: random() < 0.5 } })]],
    [8, () => [tcp([...new Set(ports())], 'S')]],
    [4, () => [udp([...new Set(ports())])]],
    [2, () => [tcp(port(), of(flags), {}, { ip: { ttl: 1 + below(3) }, payload: 'x'.repeat(below(1460)) })]],
    [1, () => [wait(3)]],
  ]
  const draws = kinds.flatMap(([share, draw]) => Array.from({ length: share }, () => draw))
  // A table that has something in it: a draw from nothing meets refusals for long.
  const first = services.flatMap((service) =>
    ipvsadm(`-A ${service} -s ${of(schedulers)}`, `-a ${service} -r ${of(servers)}`),
  )
  const steps = [...first]
  while (steps.length < count) steps.push(...of(draws)())
  return { name: `random steps of seed ${seed}`, steps: steps.slice(0, count), isRandom: true }
}
