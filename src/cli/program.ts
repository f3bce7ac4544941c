import type { Readable, Writable } from 'node:stream'
import { Command, CommanderError, Option } from 'commander'
import { defaultRuntimeDir, runtimeDirVariable } from '../api/protocol.js'
import { DirectorError } from '../core/errors.js'
import {
  addInterface,
  type Listen,
  parseConnTableSize,
  parseDirectory,
  parseInterface,
  parseListen,
  parseRuntimeDir,
  parseVip,
} from './arguments.js'
import type { ControlClient } from './client.js'
import * as help from './help.js'
import type { Names } from './ipvsadm/names.js'
import { run as runIpvsadm } from './ipvsadm/run.js'
import { write } from './output.js'
import { formatStatus } from './status.js'

export const xdpModes = ['auto', 'native', 'generic'] as const
export const logLevels = ['debug', 'info', 'warn', 'error'] as const

export interface RunOptions {
  readonly interfaces: readonly string[]
  readonly xdpMode: (typeof xdpModes)[number]
  readonly runtimeDir: string
  readonly pinDir: string
  /** Entries of the connection table; absent for the data plane's own default. */
  readonly connTableSize?: number
  readonly metrics?: Listen
  readonly logLevel: (typeof logLevels)[number]
}

export interface DownOptions {
  readonly runtimeDir: string
  readonly pinDir: string
}

export const realServerVerbs = ['start', 'stop', 'status'] as const
export type RealServerVerb = (typeof realServerVerbs)[number]

export interface RealServerOptions {
  readonly vip: string
  readonly interface?: string
  readonly tunnel: boolean
  readonly print: boolean
  readonly runtimeDir: string
}

/** What the program does that is more than to speak with a running director. Failures are DirectorErrors. */
export interface Actions {
  /** Resolves when the director has ended. */
  run(options: RunOptions): Promise<void>
  down(options: DownOptions): Promise<void>
  /** Resolves with the exit status. */
  realServer(verb: RealServerVerb, options: RealServerOptions): Promise<number>
}

/** The program's surroundings. */
export interface ProgramIo {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdin: Readable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly client: (runtimeDir: string) => ControlClient
  readonly names: Names
}

/**
 * Runs `xlvs` with the arguments after its name; returns the exit status: 0, 1 for a failure, 2 for wrong usage, and what
 * ipvsadm and realserver say for theirs.
 */
export async function runProgram(argv: readonly string[], actions: Actions, io: ProgramIo): Promise<number> {
  let status = 0
  const program = buildProgram(actions, io, (result) => {
    status = result
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof DirectorError)) throw error
    await write(io.stderr, `xlvs: ${error.message}\n`)
    return 1
  }
}

/** The grammar of `xlvs`. `done` is told the exit status of an action that has one of its own. */
export function buildProgram(actions: Actions, io: ProgramIo, done: (status: number) => void): Command {
  const program = new Command('xlvs')
    .description(help.summary)
    .version(io.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .helpCommand(false)
    .addHelpText('after', help.program)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })

  const runtimeDir = () =>
    new Option('--runtime-dir <dir>', `directory of the control socket (environment: ${runtimeDirVariable})`)
      .argParser(parseRuntimeDir)
      .default(io.env[runtimeDirVariable] || defaultRuntimeDir)
  const pinDir = () =>
    new Option('--pin-dir <dir>', 'directory of the pinned maps and links, in a BPF file system')
      .argParser(parseDirectory)
      .default('/sys/fs/bpf/xlvs')

  program
    .command('run')
    .summary('run the director in the foreground')
    .description(help.runDescription)
    .addOption(
      new Option('--interface <name>', 'interface on which packets arrive; may be given more than once')
        .argParser(addInterface)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--xdp-mode <mode>', 'how XDP is attached').choices(xdpModes).default('auto'))
    .addOption(runtimeDir())
    .addOption(pinDir())
    .addOption(
      new Option('--conn-table-size <entries>', 'entries of the connection table (default: 1048576)').argParser(
        parseConnTableSize,
      ),
    )
    .addOption(new Option('--metrics <addr:port>', 'serve Prometheus metrics there').argParser(parseListen))
    .addOption(new Option('--log-level <level>', 'least level to log').choices(logLevels).default('info'))
    .addHelpText('after', help.run)
    .action(({ interface: interfaces, ...options }) => actions.run({ interfaces, ...options }))

  program
    .command('down')
    .summary('take the director out of the path of packets')
    .description(help.downDescription)
    .addOption(runtimeDir())
    .addOption(pinDir())
    .addHelpText('after', help.down)
    .action((options: DownOptions) => actions.down(options))

  program
    .command('status')
    .summary("show the running director's state")
    .addOption(runtimeDir())
    .option('--json', 'print everything as JSON')
    .option('-v, --all', 'print counters that are 0, too')
    .addHelpText('after', help.status)
    .action(async (options: { runtimeDir: string; json?: true; all?: true }) => {
      const status = await io.client(options.runtimeDir).status()
      const text = options.json ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status, options.all === true)
      await write(io.stdout, text)
    })

  program
    .command('ipvsadm')
    .summary('manage virtual services, as ipvsadm(8) does')
    .argument('[arguments...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (argv: string[]) => {
      const client = io.client(io.env[runtimeDirVariable] || defaultRuntimeDir)
      done(await runIpvsadm(argv, { ...io, client }))
    })

  const realServer = program
    .command('realserver')
    .summary('make this machine a real server for a VIP, or undo it')
    .description(help.realServerDescription)
    .addHelpText('after', help.realServer)
  for (const verb of realServerVerbs) {
    realServer
      .command(verb)
      .summary(help.realServerSummaries[verb])
      .addOption(
        new Option('--vip <address>', 'address of the virtual service').argParser(parseVip).makeOptionMandatory(),
      )
      .addOption(
        new Option(
          '--interface <name>',
          'where tunnelled packets arrive, if there is no tunl0 (default: by the default route)',
        ).argParser(parseInterface),
      )
      .option('--tunnel', 'the director sends by IPIP tunnel (-i)', false)
      .option('--print', 'print the equivalent shell commands and do nothing', false)
      .addOption(runtimeDir())
      .action(async (options: RealServerOptions) => done(await actions.realServer(verb, options)))
  }
  return program
}
