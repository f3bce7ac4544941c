import type { GroupName, Section, Target } from './sample.js'
import { compareRounds, median, type Row, ratio, rowsOf } from './statistics.js'

const million = 1_000_000

/** The figures that the project has set itself, as far as there are samples for them. */
export function targetsOf(sections: readonly Section[]): Target[] {
  const rows = (group: GroupName) => rowsOf(sections.filter((section) => section.group === group).flatMap(samplesOf))
  return [
    ...micro(rows('micro')),
    ...veth(rows('veth')),
    ...raw(rows('raw')),
    ...scale(rows('scale')),
    ...ipvs(rows('ipvs')),
  ]
}

function samplesOf({ samples }: Section) {
  return samples
}

function micro(rows: readonly Row[]): Target[] {
  const row = (measure: string, subject: string) => find(rows, { measure, subject, connections: million })
  const direct = row('established', 'xlvs DR')
  const tunnel = row('established', 'xlvs TUN')
  const created = row('new connection', 'xlvs DR')
  const slot = find(rows, { measure: 'memory of a slot', subject: 'xlvs DR' })
  return [
    atMost(
      0.7,
      'x',
      'DR at 1 M connections, of the textbook director',
      direct,
      row('established', 'textbook DR'),
      ratio,
    ),
    atMost(40, 'ns', 'TUN over DR at 1 M connections', tunnel, direct, (a, b) => compareRounds(a, b, (x, y) => x - y)),
    // Cases are not run round by round beside each other: medians.
    atMost(2.5, 'x', 'new connection, of an established packet at 1 M', created, direct, ratioOfMedians),
    atMost(48, 'bytes', 'memory of a connection slot', slot, slot, medianOf),
  ].flat()
}

function veth(rows: readonly Row[]): Target[] {
  const row = (subject: string) => find(rows, { measure: 'established', subject, connections: 100_000 })
  return atLeast(
    0.6,
    'x',
    'DR on veth at 100 k connections, of bare XDP_TX',
    row('xlvs DR, XDP_TX'),
    row('bare XDP_TX'),
  )
}

function raw(rows: readonly Row[]): Target[] {
  return ['DR', 'TUN'].flatMap((method) => {
    const held = (limit: number, bound: typeof atLeast, what: string, measure: string) => {
      const row = find(rows, { measure, subject: `xlvs ${method}, raw` })
      return bound(limit, 'packets/s', what, row, row, medianOf)
    }
    const offered = (subject: string) => find(rows, { measure: 'offered more than it takes', subject })
    const decided = find(rows, { measure: 'deciding', subject: `xlvs ${method}, module` })
    return [
      ...held(100_000, atLeast, `${method} by raw sockets at 10 k connections`, 'offered more than it takes'),
      ...held(0, atMost, `lost by ${method} of 50,000 packets/s`, 'lost of 50 k packets/s'),
      ...atLeast(
        0.9,
        'x',
        `${method} by raw sockets, of bare ones`,
        offered(`xlvs ${method}, raw`),
        offered('bare raw sockets'),
      ),
      ...atMost(60, 'ns', `deciding a datagram for ${method}, 10 k connections`, decided, decided, medianOf),
    ]
  })
}

function scale(rows: readonly Row[]): Target[] {
  const services = (measure: string, count: number) => find(rows, { measure, services: count })
  const packets = ['established, one service busy', 'established, all services busy'].flatMap((measure) => {
    const what = `${measure}, 10 k connections: 10,000 services, of 1`
    const at = (services: number) => find(rows, { measure, services, connections: 10_000 })
    return atMost(1.1, 'x', what, at(10_000), at(1), ratio)
  })
  const one = (limit: number, unit: Target['unit'], what: string, measure: string) => {
    const row = services(measure, 10_000)
    return atMost(limit, unit, what, row, row, medianOf)
  }
  return [
    ...packets,
    ...one(5000, 'ms', '10,000 services of 4 servers from a file', 'apply a file'),
    ...one(20, 'ms', 'one change among them', 'one change'),
    // 150 MB.
    ...one(143, 'MiB', 'resident memory of the daemon with them, at rest', 'resident memory of the daemon, at rest'),
  ]
}

function ipvs(rows: readonly Row[]): Target[] {
  const row = (measure: string, subject: string, connections?: number) => find(rows, { measure, subject, connections })
  const established = (method: string, limit: number) => {
    const [ours, theirs] = ['xlvs', 'IPVS'].map((name) => row('established', `${name} ${method}`, 60_000))
    return atLeast(limit, 'x', `${method} at 60 k connections, of kernel IPVS`, ours, theirs)
  }
  const [ours, theirs] = ['xlvs DR', 'IPVS DR'].map((name) =>
    rows.find((each) => each.measure === 'new connections' && each.subject === name),
  )
  return [
    ...established('DR', 12),
    ...established('TUN', 10),
    ...atLeast(8, 'x', 'new connections, of kernel IPVS', ours, theirs),
  ]
}

type Wanted = { readonly [Field in 'measure' | 'subject' | 'connections' | 'services']?: Row[Field] | undefined }

function find(rows: readonly Row[], wanted: Wanted): Row | undefined {
  return rows.find((row) => Object.entries(wanted).every(([field, value]) => row[field as keyof Wanted] === value))
}

type Measure = (row: Row, reference: Row) => number | undefined

/** The limit, and what of a row is held against it; default: its ratio to the reference. */
type Held = [
  limit: number,
  unit: Target['unit'],
  what: string,
  row: Row | undefined,
  reference: Row | undefined,
  measure?: Measure,
]

function atMost(...held: Held): Target[] {
  return target('at most', ...held)
}

function atLeast(...held: Held): Target[] {
  return target('at least', ...held)
}

function target(bound: Target['bound'], ...[limit, unit, what, row, reference, measure = ratio]: Held): Target[] {
  const measured = row && reference && measure(row, reference)
  return measured === undefined ? [] : [{ what, bound, limit, measured, unit }]
}

function medianOf({ values }: Row): number {
  return median(values.values())
}

function ratioOfMedians(a: Row, b: Row): number {
  return medianOf(a) / medianOf(b)
}
