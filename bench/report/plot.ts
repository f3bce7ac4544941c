import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { PlotRow } from './rows.js'

type LayeredSpec = Extract<TopLevelSpec, { layer: unknown }>
type Layer = LayeredSpec['layer'][number]

/** What lies on the axis of a plot. */
type Axis = 'connections' | 'services' | 'servers'

export interface PlotOptions {
  readonly rows: readonly PlotRow[]
  /** Title of the vertical axis, with the unit. */
  readonly y: string
  /** A line across: what is to be reached. */
  readonly mark?: number
}

/** Subjects have the same colour in all plots: xlvs blue, IPVS red, the rest grey and brown. */
const colours: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^xlvs.*generic/, ['#7fcdbb']],
  [/^xlvs.*DR/, ['#08519c', '#4292c6']],
  [/^xlvs/, ['#6a51a3', '#9e9ac8']],
  [/^IPVS.*buckets/, ['#fdae6b', '#fdd0a2']],
  [/^IPVS/, ['#a50f15', '#ef6548']],
  [/^(bare|no director)/, ['#252525', '#737373', '#bdbdbd']],
  [/./, ['#8c6d31', '#bd9e39', '#637939']],
]

const width = 520
const height = 260
const config = {
  background: 'white',
  font: 'sans-serif',
  axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e8e8e8' },
  legend: { labelFontSize: 12, labelLimit: 260, title: null, symbolSize: 80, symbolOpacity: 1 },
  view: { stroke: null },
} as const

/** Medians as lines over a number, the least and greatest of the rounds as a stroke through each point. */
export function linePlot(x: Axis, { rows, y, mark }: PlotOptions): Promise<string> {
  const values = [...new Set(rows.flatMap((row) => row[x] ?? []))].sort((a, b) => a - b)
  const vertical = { type: 'quantitative', title: y, axis: { format: '~s' } } as const
  const encoding = {
    x: {
      field: x,
      type: 'quantitative',
      title: x,
      scale: { type: 'log' },
      axis: { values, format: ',~s', grid: false },
    },
    color: colourOf(rows),
  } as const
  const dashes = runsOf(rows).length > 1 ? ({ strokeDash: { field: 'run', type: 'nominal' } } as const) : {}
  return render({
    width,
    height,
    config,
    data: { values: [...rows] },
    layer: [
      ...markLayer(mark),
      {
        mark: { type: 'rule', opacity: 0.5 },
        encoding: { ...encoding, y: { ...vertical, field: 'low' }, y2: { field: 'high' } },
      },
      {
        mark: { type: 'line', strokeWidth: 2 },
        encoding: { ...encoding, ...dashes, y: { ...vertical, field: 'median' } },
      },
      {
        mark: { type: 'point', filled: true, size: 50 },
        encoding: { ...encoding, y: { ...vertical, field: 'median' } },
      },
    ],
  })
}

/** Medians as bars, one for each subject (and run), the least and greatest of the rounds as a stroke through each. */
export function barPlot({ rows, y, mark }: PlotOptions): Promise<string> {
  const several = runsOf(rows).length > 1
  const measures = [...new Set(rows.map(({ measure }) => measure))]
  const values = rows.map((row) => ({ ...row, who: several ? `${row.subject}, ${row.run}` : row.subject }))
  const order = [...new Set(values.map(({ who }) => who))]
  const encoding = {
    x: { field: 'measure', type: 'nominal', title: null, sort: measures, axis: { labelAngle: 0 } },
    xOffset: { field: 'who', sort: order },
  } as const
  const vertical = { type: 'quantitative', title: y, axis: { format: '~s' } } as const
  const colour = several
    ? ({ field: 'who', type: 'nominal', scale: { scheme: 'paired' }, sort: order } as const)
    : colourOf(rows)
  return render({
    width: Math.min(width, 130 * measures.length + 40 * order.length),
    height,
    config,
    data: { values },
    layer: [
      { mark: { type: 'bar' }, encoding: { ...encoding, color: colour, y: { ...vertical, field: 'median' } } },
      { mark: { type: 'rule' }, encoding: { ...encoding, y: { ...vertical, field: 'low' }, y2: { field: 'high' } } },
      ...markLayer(mark),
    ],
  })
}

function markLayer(at: number | undefined): Layer[] {
  if (at === undefined) return []
  const encoding = { y: { field: 'at', type: 'quantitative' } } as const
  return [{ data: { values: [{ at }] }, mark: { type: 'rule', strokeDash: [4, 4], color: '#555' }, encoding }]
}

function colourOf(rows: readonly PlotRow[]) {
  const domain = [...new Set(rows.map(({ subject }) => subject))]
  const taken = new Map<RegExp, number>()
  const range = domain.map((subject) => {
    const [pattern, shades] = colours.find(([each]) => each.test(subject)) ?? [/./, ['black']]
    const nth = taken.get(pattern) ?? 0
    taken.set(pattern, nth + 1)
    return shades[nth % shades.length] ?? 'black'
  })
  return { field: 'subject', type: 'nominal', scale: { domain, range } } as const
}

function runsOf(rows: readonly PlotRow[]): string[] {
  return [...new Set(rows.map(({ run }) => run))]
}

async function render(spec: LayeredSpec): Promise<string> {
  const { spec: compiled } = compile(spec)
  return new View(parse(compiled), { renderer: 'none' }).toSVG()
}
