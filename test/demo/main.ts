/** `npm run demo`: runs the labs with nginx and curl and shows what happened. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { dataplanes } from '../../src/cli/program.js'
import { labs } from '../lib/labs.js'
import { whyNoNamespaces } from '../lib/network.js'
import { runKeepalived } from './run-keepalived.js'
import { runLab } from './run-lab.js'
import { style, write } from './screen.js'

interface Demo {
  readonly name: string
  /** Whether it held. */
  readonly run: (directorArgs: readonly string[]) => Promise<boolean>
}

const demos: readonly Demo[] = [
  ...labs.map((spec) => ({ name: spec.name, run: (args: readonly string[]) => runLab(spec, args) })),
  { name: 'keepalived', run: runKeepalived },
]

async function main(chosen: readonly Demo[], dataplane: string): Promise<number> {
  const obstacle = await whyNoNamespaces()
  if (obstacle) throw new Error(`the demo ${obstacle}: it builds its networks in namespaces`)

  const results: boolean[] = []
  for (const { run } of chosen) results.push(await run(['--dataplane', dataplane]))
  if (chosen.length > 1) {
    const summary = chosen.map(({ name }, i) =>
      results[i] ? style('good', `${name} held`) : style('bad', `${name} did not hold`),
    )
    write('', summary.join(' · '))
  }
  return results.every(Boolean) ? 0 : 1
}

function demoNamed(name: string, before: readonly Demo[] = []): Demo[] {
  const demo = demos.find((candidate) => candidate.name === name)
  if (demo) return [...before, demo]
  throw new InvalidArgumentError(`the labs are: ${demos.map(({ name }) => name).join(', ')}`)
}

process.once('SIGINT', () => write('', 'interrupted: cleaning up'))

const program = new Command('npm run demo --')
  .description('Runs the labs with nginx and curl and shows what happened. As root.')
  .argument('[lab...]', `which: ${demos.map(({ name }) => name).join(', ')}; all unless told`, demoNamed)
  .addOption(new Option('--dataplane <name>', 'what forwards, as for xlvs run').choices(dataplanes).default('auto'))
  .addHelpText('after', '\nExit status: 0 if every lab held, 1 if one did not, 2 for wrong usage.\n')
  .exitOverride()
  .action(async (chosen: Demo[], { dataplane }: { dataplane: string }) => {
    process.exitCode = await main(chosen.length === 0 ? demos : chosen, dataplane)
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
