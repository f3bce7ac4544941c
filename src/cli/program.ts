import type { Readable, Writable } from 'node:stream'
import { defaultRuntimeDir, runtimeDirVariable } from '../api/protocol.js'
import { DirectorError } from '../core/errors.js'
import type { Listen } from './arguments.js'
import type { ControlClient } from './client.js'
import type { Names } from './ipvsadm/names.js'
import { run } from './ipvsadm/run.js'
import { write } from './output.js'

export const dataplanes = ['auto', 'xdp', 'raw'] as const
export const xdpModes = ['auto', 'native', 'generic'] as const
export const logLevels = ['debug', 'info', 'warn', 'error'] as const

export interface RunOptions {
  readonly interfaces: readonly string[]
  readonly dataplane: (typeof dataplanes)[number]
  readonly xdpMode: (typeof xdpModes)[number]
  readonly runtimeDir: string
  readonly pinDir: string
  /** Entries of the connection table; absent for the data plane's own default. */
  readonly connTableSize?: number
  /** Percent of the connection table that one service may have while it is nearly full. */
  readonly serviceShare: number
  readonly metrics?: Listen
  readonly logLevel: (typeof logLevels)[number]
}

export interface DownOptions {
  readonly runtimeDir: string
  readonly pinDir: string
}

export interface ExecOptions {
  readonly runtimeDir: string
  /** A program and its arguments. */
  readonly command: readonly [string, ...string[]]
}

/** Why a command could not take the place of this process, and the status that shells give for it. */
export interface ExecRefusal {
  readonly status: number
  readonly reason: string
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
  /** Does not return if it can be done. */
  exec(options: ExecOptions): Promise<ExecRefusal>
  /** What `exec` puts into the environment of the command. */
  preloadEnvironment(options: Pick<ExecOptions, 'runtimeDir'>): Promise<Readonly<Record<string, string>>>
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
 * ipvsadm, realserver and exec say for theirs.
 */
export async function runProgram(argv: readonly string[], actions: Actions, io: ProgramIo): Promise<number> {
  const [command, ...rest] = argv
  // Scripts call it line by line: it does not wait for commander, whose loading takes longer than the command.
  if (command === 'ipvsadm') return runIpvsadm(rest, io)
  const { runCommand } = await import('./grammar.js')
  try {
    return await runCommand(argv, actions, io)
  } catch (error) {
    if (!(error instanceof DirectorError)) throw error
    await write(io.stderr, `xlvs: ${error.message}\n`)
    return 1
  }
}

/** `xlvs ipvsadm`: everything after the word is ipvsadm's. */
export function runIpvsadm(argv: readonly string[], io: ProgramIo): Promise<number> {
  return run(argv, { ...io, client: io.client(io.env[runtimeDirVariable] || defaultRuntimeDir) })
}
