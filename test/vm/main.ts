/**
 * `npm run vm -- COMMAND`: runs a command in a virtual machine whose kernel has IP_VS, and ends with
 * its exit status; 124 if it took too long, 125 if the machine failed. With --native no machine is made.
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import { exitOnSignals } from '../lib/exit-on-signals.js'
import { MachineError } from './machine/error.js'
import { accelerators, type MachineOptions } from './machine/qemu.js'
import { runInMachine } from './machine/run.js'
import { runNatively } from './native.js'

interface Flags {
  readonly accel: MachineOptions['accel']
  readonly cpus: number
  readonly memory: number
  readonly timeout: number
  readonly keepSerial?: string
  readonly withTests?: true
  readonly native?: true
}

const program = new Command('npm run vm --')
  .description("runs COMMAND as root in a virtual machine whose kernel has IP_VS, with this checkout's build inside")
  .argument('<command...>', 'the command and its arguments; for a line of shell: sh -c LINE')
  .addOption(new Option('--accel <how>', 'processor').choices(accelerators).default('tcg'))
  .option('--cpus <n>', 'processors of the machine', positive, 2)
  .option('--memory <MB>', 'memory of the machine', positive, 2048)
  .option('--timeout <seconds>', 'switch the machine off after this time', positive, 600)
  .option('--keep-serial <file>', "write the kernel's messages to a file")
  .option('--with-tests', 'put what the tests need inside, too: npm packages for development')
  .addOption(
    new Option('--native', 'no virtual machine: this host, whose kernel must have IP_VS; as root').conflicts([
      'accel',
      'cpus',
      'memory',
      'keepSerial',
      'withTests',
    ]),
  )
  .passThroughOptions()
  .action(async (command: string[], flags: Flags) => {
    const { accel, cpus, memory: memoryMb, timeout: timeoutS, keepSerial, withTests = false } = flags
    const options = { accel, cpus, memoryMb, timeoutS, withTests, ...(keepSerial !== undefined && { keepSerial }) }
    process.exitCode = flags.native
      ? await runNatively(command, timeoutS)
      : await runInMachine(command, options, process.stdout)
  })

function positive(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number from 1')
  return Number(text)
}

exitOnSignals()

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof MachineError)) throw error
  process.stderr.write(`vm: ${error.message}\n`)
  process.exitCode = error.status
}
