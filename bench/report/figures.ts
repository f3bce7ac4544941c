import { harnessName } from '../micro/measure.js'
import { isSameCase, ratio } from '../statistics.js'
import { barPlot, linePlot } from './plot.js'
import type { Part, PlotRow } from './rows.js'

/** A plot and the sentence below it. */
export interface Figure {
  readonly title: string
  readonly caption: string
  readonly svg: string
}

type Draw = (part: Part) => Promise<Figure>[]

/** The plots of a part; a plot that has no figures is left out. */
export function figuresOf(part: Part): Promise<Figure[]> {
  return Promise.all(draw[part.group](part))
}

const draw: Readonly<Record<Part['group'], Draw>> = {
  micro: (part) => {
    const rows = part.rows.filter(({ subject, unit }) => subject !== harnessName && unit === 'ns')
    const created = of(rows, 'new connection')
    return [
      ...lines(
        'Time of a packet of an established connection',
        'connections',
        of(rows, 'established'),
        'ns per packet',
        'The XDP program alone, without driver and NIC; lower is better. The textbook director is built on the LRU hash of the kernel and keeps no states, timeouts or counts.',
      ),
      ...bars(
        'Time of a new connection',
        created,
        'ns per connection',
        'Into a table that is empty at first and holds a million in the end; lower is better.',
      ),
    ]
  },
  veth: ({ rows }) => [
    ...lines(
      'Packets from interface to interface',
      'connections',
      of(rows, 'established'),
      'packets per second',
      'Generator, director and receiver share one CPU, so all of it is in the figure; higher is better. Bare XDP_TX and bare redirect only rewrite MAC addresses: no director can be faster. One read: also reads one line of memory that the flow chooses, as any director must; nothing else.',
    ),
    ...bars(
      'New connections',
      of(rows, 'new connections'),
      'connections per second',
      'Every packet opens a connection, wlc picks among 16 real servers; higher is better.',
    ),
  ],
  raw: ({ rows }) => [
    ...bars(
      'Packets by raw sockets',
      of(rows, 'offered more than it takes'),
      'packets per second',
      '10,000 connections, more packets than any of them takes; higher is better. The raw data plane has one CPU, with the generator and the kernel on the other; generic mode works where the generator does.',
    ),
    ...bars(
      'Lost of 50,000 packets a second',
      of(rows, 'lost of 50 k packets/s'),
      'packets lost per second',
      'Half of what the raw data plane is to reach; 0 is right.',
    ),
  ],
  scale: ({ rows }) => [
    ...lines(
      'Established packets by the number of services',
      'services',
      renamed(
        rows.filter(({ connections }) => connections === 10_000),
        {
          'established, one service busy': 'xlvs DR, one service busy',
          'established, all services busy': 'xlvs DR, all services busy',
        },
      ),
      'ns per packet',
      '10,000 connections; services of 4 real servers. With all of them busy the packets also touch as many real servers.',
    ),
    ...lines(
      'Established packets by real servers of the service',
      'servers',
      renamed(rows, { 'established, servers of one service': 'xlvs DR' }),
      'ns per packet',
      '100,000 connections to one service.',
    ),
    ...lines(
      'New connections by the number of services',
      'services',
      renamed(rows, { 'new connection': 'xlvs DR, 4 real servers' }),
      'ns per connection',
      'wlc; all of them to one of the services.',
    ),
    ...lines(
      'New connections by real servers of the service',
      'servers',
      renamed(rows, { 'new connection, servers of one service': 'xlvs DR' }),
      'ns per connection',
      'wlc looks at all real servers of the service, as in kernel IPVS.',
    ),
    ...lines(
      'Time to apply a file',
      'services',
      renamed(four(rows), { 'apply a file': 'ipvsadm -R' }),
      'ms',
      'Services of 4 real servers; the start of the command is in the figure.',
    ),
    ...lines(
      'Time of one change',
      'services',
      renamed(four(rows), { 'one change': 'ipvsadm -e' }),
      'ms',
      'Over the control socket, among so many services of 4 real servers; without the start of the command, which takes longer.',
    ),
    ...lines(
      'Memory',
      'services',
      renamed(four(rows), {
        'resident memory of the daemon': 'resident, daemon',
        'shared part of it': 'of it shared',
        'kernel memory of the maps': 'maps, in the kernel',
      }),
      'MiB',
      'Services of 4 real servers. Part of what is resident are the maps themselves, which the daemon sees as shared memory.',
    ),
  ],
  latency: ({ rows }) => {
    const times = rows.filter(({ unit }) => unit === 'us')
    const how = 'One request after the other on one connection that stays open; nginx answers, past the director.'
    return [
      ...bars(
        'Time of a small HTTP request',
        of(times, 'p50'),
        'microseconds',
        `Half of the requests took no longer. ${how} Lower is better.`,
      ),
      ...bars(
        'The slowest requests',
        times.filter(({ measure }) => measure !== 'p50'),
        'microseconds',
        '99 % and 99.9 % of the requests took no longer: what else the machine does shows here. Lower is better.',
      ),
    ]
  },
  ipvs: (part) => [
    ...lines(
      'Packets of established connections',
      'connections',
      of(part.rows, 'established'),
      'packets per second',
      'The same kernel, wires and load for all; generator and receiver are in the figure. Higher is better.',
    ),
    ...lines(
      'xlvs, times as fast as kernel IPVS',
      'connections',
      ratios(part, 'established'),
      'times kernel IPVS',
      'Packets per second of xlvs over those of kernel IPVS in the same round, by forwarding method; the line at 1 would be equal.',
      1,
    ),
    ...bars(
      'New connections',
      of(part.rows, 'new connections'),
      'connections per second',
      'Every packet opens a connection, wlc picks among 16 real servers; higher is better.',
    ),
    ...bars(
      'Established connections and new ones, mixed',
      of(part.rows, '10 % SYN'),
      'packets per second',
      'Of ten packets one opens a connection; the others belong to 60,000 established ones. Higher is better.',
    ),
  ],
}

function of(rows: readonly PlotRow[], measure: string): PlotRow[] {
  return rows.filter((row) => row.measure === measure)
}

/** Measures as subjects of one plot. */
function renamed(rows: readonly PlotRow[], names: Readonly<Record<string, string>>): PlotRow[] {
  return rows.flatMap((row) => {
    const subject = names[row.measure]
    return subject === undefined ? [] : [{ ...row, subject }]
  })
}

function four(rows: readonly PlotRow[]): PlotRow[] {
  return rows.filter(({ servers }) => servers === 4)
}

/** How many times the kernel's figure ours is, round by round; one row for each run, method and number of connections. */
function ratios({ byRun }: Part, measure: string): PlotRow[] {
  return [...byRun].flatMap(([run, rows]) => {
    return rows.flatMap((row) => {
      const [who, method] = row.subject.split(' ')
      if (row.measure !== measure || who !== 'xlvs') return []
      return rows
        .filter((other) => other.subject.startsWith(`IPVS ${method}`) && isSameCase(other, row))
        .map((other) => ({ subject: other.subject.replace('IPVS', 'xlvs over IPVS'), times: ratio(row, other) }))
        .flatMap(({ subject, times = Number.NaN }) => {
          const { connections = 0 } = row
          return [{ run, measure, unit: 'x', subject, connections, median: times, low: times, high: times }]
        })
    })
  })
}

function lines(
  title: string,
  x: 'connections' | 'services' | 'servers',
  rows: PlotRow[],
  y: string,
  caption: string,
  mark?: number,
): Promise<Figure>[] {
  if (rows.length === 0) return []
  return [linePlot(x, { rows, y, ...(mark !== undefined && { mark }) }).then((svg) => ({ title, caption, svg }))]
}

function bars(title: string, rows: PlotRow[], y: string, caption: string): Promise<Figure>[] {
  return rows.length === 0 ? [] : [barPlot({ rows, y }).then((svg) => ({ title, caption, svg }))]
}
