/**
 * `npm run vm -- COMMAND`: runs a command in a virtual machine whose kernel has IP_VS, and ends with
 * its exit status; 124 if it took too long, 125 if the machine failed.
 */
import { Command, InvalidArgumentError, Option } from 'commander'
import { MachineError } from './machine/error.js'
import { accelerators, type MachineOptions } from './machine/qemu.js'
import { runInMachine } from './machine/run.js'

interface Flags {
  readonly accel: MachineOptions['accel']
  readonly cpus: number
  readonly memory: number
  readonly timeout: number
  readonly keepSerial?: string
}

const program = new Command('npm run vm --')
  .description("runs COMMAND as root in a virtual machine whose kernel has IP_VS, with this checkout's build inside")
  .argument('<command...>', 'the command and its arguments; for a line of shell: sh -c LINE')
  .addOption(new Option('--accel <how>', 'processor').choices(accelerators).default('tcg'))
  .option('--cpus <n>', 'processors of the machine', positive, 2)
  .option('--memory <MB>', 'memory of the machine', positive, 2048)
  .option('--timeout <seconds>', 'switch the machine off after this time', positive, 600)
  .option('--keep-serial <file>', "write the kernel's messages to a file")
  .passThroughOptions()
  .action(async (command: string[], flags: Flags) => {
    const { accel, cpus, memory: memoryMb, timeout: timeoutS, keepSerial } = flags
    const options = { accel, cpus, memoryMb, timeoutS, ...(keepSerial !== undefined && { keepSerial }) }
    process.exitCode = await runInMachine(command, options, process.stdout)
  })

function positive(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('it has to be a whole number from 1')
  return Number(text)
}

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.on(signal, () => process.exit(128 + number))
}

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof MachineError)) throw error
  process.stderr.write(`vm: ${error.message}\n`)
  process.exitCode = error.status
}
