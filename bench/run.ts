/** `npm run bench`: see README.md. */
import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { exitOnSignals } from '../test/lib/exit-on-signals.js'
import { environmentLine } from './environment.js'
import { BenchError } from './error.js'
import type { Session } from './group.js'
import { groups } from './groups.js'
import { hasIpvs } from './ipvs-here.js'
import { runInVm } from './machine.js'
import { runGroup } from './run-group.js'
import { type GroupName, groupNames, type Result, resultFormat, type Section } from './sample.js'
import { targetsOf } from './targets.js'
import { sectionTable, targetTable } from './text.js'

interface Flags {
  readonly quick?: boolean
  readonly json?: string
  readonly native?: boolean
  readonly vm?: boolean
  readonly accel: 'tcg' | 'kvm'
}

const listing = groupNames.map((name) => `  ${name.padEnd(10)}${groups[name].what}`).join('\n')

const program = new Command('npm run bench --')
  .description(
    `Measures xlvs, as root, on a machine that has nothing else to do. Groups, all of them by default:\n\n${listing}`,
  )
  .argument('[group...]', 'what to measure', parseGroup)
  .option('--quick', 'fewer cases and rounds: within three minutes')
  .option('--json <file>', 'write every sample to a file, for `report`')
  .addOption(new Option('--vm', 'compare with kernel IPVS in a virtual machine').conflicts('native'))
  .option('--native', "compare with this host's own kernel IPVS")
  .addOption(new Option('--accel <how>', "the virtual machine's processor").choices(['tcg', 'kvm']).default('tcg'))
  .action(async (names: GroupName[], flags: Flags) =>
    measure(
      groupNames.filter((name) => names.length === 0 || names.includes(name)),
      flags,
    ),
  )

program
  .command('report')
  .description('Turns results of --json into a page with plots, and prints the table for the README.')
  .argument('<file...>', 'results; of several, each is a line in the plots')
  .option('--out <file>', 'the page', 'build/bench.html')
  .action(async (files: string[], { out }: { out: string }) => {
    const { writeReport } = await import('./report/write.js')
    console.log(await writeReport(files, out))
  })

async function measure(names: readonly GroupName[], flags: Flags): Promise<void> {
  if (process.getuid?.() !== 0) throw new BenchError('it needs root')
  const started = new Date()
  const sections: Section[] = []
  // After each group: who ends a long run early keeps what it has measured. And before the first, should the file be impossible.
  const save = () => {
    if (flags.json !== undefined) writeResult(flags.json, resultOf(started, flags, sections))
  }
  save()
  for await (const section of measured(names, flags)) {
    sections.push(section)
    save()
    console.log(`\n${section.group}: ${groups[section.group].what}; ${environmentLine(section.environment)}`)
    console.log(sectionTable(section))
  }
  const { targets } = resultOf(started, flags, sections)
  if (targets.length > 0) console.log(`\n${targetTable(targets)}`)
  const minutes = (Date.now() - started.getTime()) / 60_000
  console.error(`\nbench: done in ${minutes.toFixed(1)} minutes`)
}

function resultOf(started: Date, { quick = false }: Flags, sections: readonly Section[]): Result {
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ')
  return {
    format: resultFormat,
    started: started.toISOString(),
    command,
    quick,
    sections,
    targets: targetsOf(sections),
  }
}

function writeResult(file: string, result: Result): void {
  try {
    writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`)
  } catch (cause) {
    throw new BenchError(`--json ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** Measures group after group. What is compared with kernel IPVS elsewhere is measured in the end, together. */
async function* measured(names: readonly GroupName[], flags: Flags): AsyncGenerator<Section> {
  if (flags.native && !hasIpvs()) {
    throw new BenchError('--native: this kernel has no IP_VS (modprobe ip_vs fails); --vm brings one that has')
  }
  const needsVm = flags.vm || !hasIpvs()
  for (const name of names) {
    if (groups[name].ipvs !== 'needed' || !needsVm) yield await runGroup(name, session(name, flags))
  }
  const inVm = needsVm ? names.filter((name) => isForVm(name, flags)) : []
  if (inVm.length > 0) yield* await runInVm(inVm, flags.accel, session('vm', flags))
}

/** A quick run measures in the machine what can be measured nowhere else, unless the machine was asked for. */
function isForVm(name: GroupName, { vm, quick }: Flags): boolean {
  const { ipvs } = groups[name]
  return ipvs === 'needed' || (ipvs === 'where there is one' && (vm === true || !quick))
}

function session(name: string, { quick = false }: Flags): Session {
  return { quick, progress: (sentence) => process.stderr.write(`${name}: ${sentence}\n`) }
}

function parseGroup(text: string, earlier: GroupName[] = []): GroupName[] {
  if (!groupNames.includes(text as GroupName)) {
    throw new InvalidArgumentError(`it has to be one of ${groupNames.join(', ')}, or report`)
  }
  return [...earlier, text as GroupName]
}

exitOnSignals()

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof BenchError)) throw error
  process.stderr.write(`bench: ${error.message}\n`)
  process.exitCode = 1
}
