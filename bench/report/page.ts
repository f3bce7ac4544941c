import { environmentLine } from '../environment.js'
import { groups } from '../groups.js'
import { isReached, figure as number, sectionTable } from '../text.js'
import type { Figure } from './figures.js'
import type { NamedResult, Part } from './rows.js'

/** A part with its plots. */
export interface DrawnPart {
  readonly part: Part
  readonly figures: readonly Figure[]
}

const style = `
body { font: 16px/1.5 sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: left; }
td.number { text-align: right; } .missed { color: #a50f15; font-weight: bold; } .reached { color: #1b7837; }
figure { margin: 1.5rem 0; } figcaption { max-width: 46rem; color: #444; } svg { max-width: 100%; height: auto; }
.note { background: #fff6e0; border-left: 4px solid #e0a800; padding: .5rem 1rem; }
pre { overflow-x: auto; font-size: 13px; background: #f6f6f6; padding: 1rem; }`

/** A page that needs no other file. */
export function page(results: readonly NamedResult[], parts: readonly DrawnPart[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>xlvs: what was measured</title>
<style>${style}
</style>
<h1>xlvs: what was measured</h1>
<p>xlvs is a load balancer in Linux's XDP that takes the place of kernel IPVS (LVS). DR sends a packet on with a new MAC
address, TUN in a tunnel (IPIP). Points and bars are medians of several rounds in which all that is compared takes its
turn; the strokes through them reach from the least to the greatest.</p>
${runs(results)}
${targets(results)}
${parts.map(section).join('\n')}
<h2>All figures</h2>
${results.map(allFigures).join('\n')}
</html>
`
}

function runs(results: readonly NamedResult[]): string {
  const lines = results.map(({ name, result }) => {
    const { started, command, quick, sections } = result
    const versions = Object.entries(sections[0]?.environment.versions ?? {}).map((entry) => entry.join(' '))
    const cells = [
      name,
      started.slice(0, 16).replace('T', ' '),
      command + (quick ? ' (quick: few rounds)' : ''),
      versions.join(', '),
    ]
    return row(cells.map(escapeHtml))
  })
  return `<table><tr><th>run</th><th>started (UTC)</th><th>command</th><th>versions</th></tr>${lines.join('')}</table>`
}

function targets(results: readonly NamedResult[]): string {
  const lines = results.flatMap(({ name, result }) =>
    result.targets.map((target) => {
      const { what, bound, limit, measured, unit } = target
      const verdict = isReached(target) ? '<span class="reached">reached</span>' : '<span class="missed">MISSED</span>'
      return row([
        escapeHtml(name),
        escapeHtml(what),
        `${bound} ${number(limit)} ${unit}`,
        `${number(measured)} ${unit}`,
        verdict,
      ])
    }),
  )
  if (lines.length === 0) return ''
  return `<h2>Targets</h2><table><tr><th>run</th><th>target</th><th>limit</th><th>measured</th><th></th></tr>${lines.join('')}</table>`
}

function section({ part, figures }: DrawnPart): string {
  const where = [...new Set(part.environments.map(environmentLine))]
  const emulated = part.environments.some((environment) => environment.emulated)
  const kernels = [...new Set(part.environments.map(({ kernel }) => kernel))].join(', ')
  const note = `<p class="note">Measured on an emulated processor (QEMU without KVM): that counts instructions and hides what memory
costs, so ratios are worth more than absolute figures, and both may differ on hardware.</p>`
  return `<h2>${part.group}: ${escapeHtml(groups[part.group].what)}</h2>
<p>Measured on ${where.map(escapeHtml).join('; and on ')}.${part.group === 'ipvs' ? ` IPVS is that of Linux ${escapeHtml(kernels)}; its tables change in 7.x kernels.` : ''}</p>
${emulated ? note : ''}
${figures.map((each) => drawing(each, kernels, emulated)).join('\n')}`
}

function drawing({ title, caption, svg }: Figure, kernels: string, emulated: boolean): string {
  const where = `Linux ${kernels}${emulated ? ', emulated processor: counts instructions, hides memory latency' : ''}.`
  return `<figure><h3>${escapeHtml(title)}</h3>${svg}<figcaption>${escapeHtml(caption)} ${escapeHtml(where)}</figcaption></figure>`
}

function allFigures({ name, result }: NamedResult): string {
  const tables = result.sections.map((each) => {
    return `<p>${escapeHtml(each.group)}: ${escapeHtml(environmentLine(each.environment))}</p><pre>${escapeHtml(sectionTable(each))}</pre>`
  })
  return `<details><summary>${escapeHtml(name)}</summary>${tables.join('\n')}</details>`
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
