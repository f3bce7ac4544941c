import { Command, CommanderError, Option } from 'commander'
import { defaultRuntimeDir, runtimeDirVariable } from '../api/protocol.js'
import {
  addInterface,
  parseConnTableSize,
  parseDirectory,
  parseInterface,
  parseListen,
  parseRuntimeDir,
  parseServiceShare,
  parseVip,
} from './arguments.js'
import * as help from './help.js'
import { write } from './output.js'
import {
  type Actions,
  type DownOptions,
  dataplanes,
  logLevels,
  type ProgramIo,
  type RealServerOptions,
  realServerVerbs,
  runIpvsadm,
  xdpModes,
} from './program.js'
import { formatStatus } from './status.js'

/**
 * Reads `xlvs`'s arguments with commander and does what they say; returns the exit status, 2 for wrong usage.
 * @throws DirectorError from an action.
 */
export async function runCommand(argv: readonly string[], actions: Actions, io: ProgramIo): Promise<number> {
  let status = 0
  const program = buildProgram(actions, io, (result) => {
    status = result
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

/** The grammar of `xlvs`. `done` is told the exit status of an action that has one of its own. */
function buildProgram(actions: Actions, io: ProgramIo, done: (status: number) => void): Command {
  const program = new Command('xlvs')
    .description(help.summary)
    .version(io.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .helpCommand('help [command]', 'print this text, or that of a command')
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
      new Option('--interface <name>', 'interface on which packets arrive; may be given more than once').argParser(
        addInterface,
      ),
    )
    .hook('preAction', needs('interface'))
    .addOption(
      new Option('--dataplane <name>', 'what forwards: auto is XDP, or raw sockets where that cannot run')
        .choices(dataplanes)
        .default('auto'),
    )
    .addOption(new Option('--xdp-mode <mode>', 'how XDP is attached').choices(xdpModes).default('auto'))
    .addOption(runtimeDir())
    .addOption(pinDir())
    .addOption(
      new Option('--conn-table-size <entries>', 'entries of the connection table (default: 1048576)').argParser(
        parseConnTableSize,
      ),
    )
    .addOption(
      new Option(
        '--service-share <percent>',
        'of the connection table for one service while it is nearly full; 100: all',
      )
        .argParser(parseServiceShare)
        .default(10),
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
    .action(async (argv: string[]) => done(await runIpvsadm(argv, io)))

  program
    .command('exec')
    .summary('run a program that controls IPVS, keepalived for one, with this director')
    .description(help.execDescription)
    .argument('[command...]')
    .option('--print-env', 'print what the command would find in its environment, and run none', false)
    .addOption(runtimeDir())
    .addHelpText('after', help.exec)
    .passThroughOptions()
    .action(async (words: string[], options: { runtimeDir: string; printEnv: boolean }, self: Command) => {
      const [file, ...rest] = words
      if (options.printEnv) {
        if (file !== undefined) self.error("error: option '--print-env' runs no command")
        const variables = Object.entries(await actions.preloadEnvironment(options))
        await write(io.stdout, variables.map(([name, value]) => `${name}=${value}\n`).join(''))
        return
      }
      if (file === undefined) self.error("error: missing required argument 'command'")
      const { status, reason } = await actions.exec({ runtimeDir: options.runtimeDir, command: [file, ...rest] })
      await write(io.stderr, `xlvs: ${file}: ${reason}\n`)
      done(status)
    })

  program
    .command('version')
    .summary('print the version')
    .action(() => write(io.stdout, `${io.version}\n`))

  for (const [name, meant] of Object.entries(otherNames)) {
    program
      .command(name, { hidden: true })
      .argument('[arguments...]')
      .helpOption(false)
      .allowUnknownOption()
      .action(() => program.error(`error: unknown command '${name}'\n(Did you mean ${meant}?)`))
  }

  const realServer = program
    .command('realserver')
    .summary('make this machine a real server for a VIP, or undo it')
    .description(help.realServerDescription)
    .addHelpText('after', help.realServer)
  for (const verb of realServerVerbs) {
    realServer
      .command(verb)
      .summary(help.realServerSummaries[verb])
      .addOption(new Option('--vip <address>', 'address of the virtual service').argParser(parseVip))
      .hook('preAction', needs('vip'))
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

/** What other programs call commands of this one, where the spelling does not lead to the suggestion. */
const otherNames: Readonly<Record<string, string>> = { start: 'run', stop: 'down', list: 'ipvsadm -L' }

/**
 * Refuses a command without an option. commander's own check comes before that for unknown options, so that a mistyped option
 * would be called missing.
 */
function needs(attribute: string): (command: Command) => void {
  return (command) => {
    if (command.getOptionValue(attribute) !== undefined) return
    const option = command.options.find((candidate) => candidate.attributeName() === attribute)
    command.error(`error: required option '${option?.flags}' not specified`)
  }
}
