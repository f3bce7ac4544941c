/**
 * `npm run demo`: runs the labs with nginx and curl and shows what happened.
 * Exit status: 0 if every lab held, 1 if one did not, 2 for an unknown lab.
 */
import type { LabSpec } from '../lib/lab-spec.js'
import { labs } from '../lib/labs.js'
import { whyNoNamespaces } from '../lib/network.js'
import { runLab } from './run-lab.js'
import { style, write } from './screen.js'

async function main(names: readonly string[]): Promise<number> {
  const chosen = names.length === 0 ? labs : names.map(labNamed)
  const obstacle = await whyNoNamespaces()
  if (obstacle) throw new Error(`the demo ${obstacle}: it builds its networks in namespaces`)

  const results: boolean[] = []
  for (const spec of chosen) results.push(await runLab(spec))
  if (chosen.length > 1) {
    const summary = chosen.map(({ name }, i) =>
      results[i] ? style('good', `${name} held`) : style('bad', `${name} did not hold`),
    )
    write('', summary.join(' · '))
  }
  return results.every(Boolean) ? 0 : 1
}

class UnknownLab extends Error {}

function labNamed(name: string): LabSpec {
  const spec = labs.find((candidate) => candidate.name === name)
  if (spec) return spec
  throw new UnknownLab(`unknown lab '${name}'; the labs are: ${labs.map(({ name }) => name).join(', ')}`)
}

process.once('SIGINT', () => write('', 'interrupted: cleaning up'))
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = error instanceof UnknownLab ? 2 : 1
}
