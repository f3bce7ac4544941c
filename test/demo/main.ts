/** `npm run demo`: runs the labs with nginx and curl and shows what happened. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { dataplanes } from '../../src/cli/program.js'
import type { LabSpec } from '../lib/lab-spec.js'
import { labs } from '../lib/labs.js'
import { whyNoNamespaces } from '../lib/network.js'
import { runLab } from './run-lab.js'
import { style, write } from './screen.js'

async function main(chosen: readonly LabSpec[], dataplane: string): Promise<number> {
  const obstacle = await whyNoNamespaces()
  if (obstacle) throw new Error(`the demo ${obstacle}: it builds its networks in namespaces`)

  const results: boolean[] = []
  for (const spec of chosen) results.push(await runLab(spec, ['--dataplane', dataplane]))
  if (chosen.length > 1) {
    const summary = chosen.map(({ name }, i) =>
      results[i] ? style('good', `${name} held`) : style('bad', `${name} did not hold`),
    )
    write('', summary.join(' · '))
  }
  return results.every(Boolean) ? 0 : 1
}

function labNamed(name: string, before: readonly LabSpec[] = []): LabSpec[] {
  const spec = labs.find((candidate) => candidate.name === name)
  if (spec) return [...before, spec]
  throw new InvalidArgumentError(`the labs are: ${labs.map(({ name }) => name).join(', ')}`)
}

process.once('SIGINT', () => write('', 'interrupted: cleaning up'))

const program = new Command('npm run demo --')
  .description('Runs the labs with nginx and curl and shows what happened. As root.')
  .argument('[lab...]', `which: ${labs.map(({ name }) => name).join(', ')}; all unless told`, labNamed)
  .addOption(new Option('--dataplane <name>', 'what forwards, as for xlvs run').choices(dataplanes).default('auto'))
  .addHelpText('after', '\nExit status: 0 if every lab held, 1 if one did not, 2 for wrong usage.\n')
  .exitOverride()
  .action(async (chosen: LabSpec[], { dataplane }: { dataplane: string }) => {
    process.exitCode = await main(chosen.length === 0 ? labs : chosen, dataplane)
  })

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}
