import type { StatusView } from '../../src/api/protocol.js'
import { checkoutFile } from './checkout.js'
import type { Namespace } from './netns.js'
import type { Background, ExecOptions, ExecResult } from './process.js'

export const xlvsCommand = checkoutFile('bin/xlvs')
export const ipvsadmCommand = checkoutFile('bin/ipvsadm')
/** Put first in PATH, it makes `ipvsadm` ours. */
export const binDirectory = checkoutFile('bin')

export interface DirectorOptions {
  readonly interfaces: readonly string[]
  readonly pinDirectory: string
  readonly runtimeDirectory: string
  /** Further arguments of `xlvs run`. */
  readonly args?: readonly string[]
  /** A command that `xlvs run` is run by: setpriv, for one. */
  readonly under?: readonly string[]
  /** How long its start may take: verifying the programs is slow work on an emulated processor. Default: 30 s. */
  readonly readyWithinMs?: number
}

/** The director's daemon and the commands that an operator gives it, all in one namespace. */
export class DirectorProcess {
  #daemon: Background | undefined
  #earlierLog = ''

  constructor(
    readonly namespace: Namespace,
    readonly options: DirectorOptions,
  ) {}

  /** The daemon as last started. */
  get daemon(): Background {
    if (!this.#daemon) throw new Error('the director was not started')
    return this.#daemon
  }

  /** What it has logged since it was first started. */
  get log(): string {
    return this.#earlierLog + (this.#daemon?.stderr ?? '')
  }

  /** Starts `xlvs run`, of this build or another, and waits until it forwards. */
  async start(command = xlvsCommand): Promise<void> {
    this.#earlierLog = this.log
    this.#daemon = this.spawn(command)
    await this.#daemon.says(/^ready$/m, this.options.readyWithinMs ?? 30_000)
  }

  /** Starts `xlvs run` and waits for nothing. */
  spawn(command = xlvsCommand): Background {
    const { interfaces, args = [], under = [] } = this.options
    const interfaceArgs = interfaces.flatMap((name) => ['--interface', name])
    const [file = command, ...rest] = [...under, command, 'run', ...interfaceArgs, ...this.#pinArgs, ...args]
    return this.namespace.spawn(file, rest, { env: this.#env })
  }

  /** Ends the daemon by a signal and waits until it has gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.daemon.kill(signal)
    return this.daemon.ends()
  }

  /** `xlvs down`. */
  down(): Promise<ExecResult> {
    return this.namespace.try(xlvsCommand, ['down', ...this.#pinArgs], { env: this.#env })
  }

  /** `xlvs status --json`. */
  async status(): Promise<StatusView> {
    return JSON.parse(await this.namespace.exec(xlvsCommand, ['status', '--json'], { env: this.#env }))
  }

  /** Runs `ipvsadm` with arguments as typed, like `-Ln --stats`. Must succeed. */
  ipvsadm(line: string): Promise<string> {
    return this.namespace.exec(ipvsadmCommand, line.split(' '), { env: this.#env })
  }

  /** Runs an operator's shell script in which `ipvsadm` is ours. Must succeed. */
  script(text: string, options: ExecOptions = {}): Promise<string> {
    const env = { ...options.env, ...this.#env, PATH: `${binDirectory}:${process.env.PATH}` }
    return this.namespace.exec('sh', ['-eu'], { ...options, input: text, env })
  }

  get #pinArgs(): string[] {
    return ['--pin-dir', this.options.pinDirectory]
  }

  get #env(): Record<string, string> {
    return { XLVS_RUNTIME_DIR: this.options.runtimeDirectory }
  }
}
