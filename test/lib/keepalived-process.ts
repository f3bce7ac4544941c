import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from './netns.js'
import type { Background } from './process.js'
import { areGone, killTree, programOf } from './process-tree.js'
import { waitFor } from './wait-for.js'

export type VrrpState = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT' | 'STOP'

export interface KeepalivedOptions {
  /** A directory of its own, which need not be there: configuration, pid files, what notify scripts wrote. */
  readonly directory: string
  /** A command that keepalived is run by: {@link ipvsClient} has one. */
  readonly under?: readonly string[]
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Further arguments of keepalived. */
  readonly args?: readonly string[]
}

const pidFiles = { parent: 'keepalived.pid', vrrp: 'vrrp.pid', checkers: 'checkers.pid' } as const

/** What the parent, the checkers and VRRP end a reload with, in the log. */
const reloadedSigns = ['Reload complete', 'Activating BFD healthchecker', 'VRRP sockpool'] as const

/** The distribution's keepalived, with its configuration, in a namespace. */
export class KeepalivedProcess {
  #process: Background | undefined
  #earlier = ''
  #notifiedEarlier = 0

  constructor(
    readonly namespace: Namespace,
    readonly options: KeepalivedOptions,
  ) {
    mkdirSync(options.directory, { recursive: true })
    writeFileSync(this.notifyScript, `#!/bin/sh\necho "$*" >>${this.#file('notified')}\n`, { mode: 0o755 })
  }

  /** A script for `notify` lines of a configuration: what it was called with is in {@link notified}. */
  get notifyScript(): string {
    return this.#file('notify.sh')
  }

  /** Arguments of the notify script's calls so far, a line each, like `INSTANCE VI_1 MASTER 100`. */
  get notified(): string[] {
    const file = this.#file('notified')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  }

  /** The state that VRRP was last said to be in since keepalived started; the configuration has to name the notify script. */
  get vrrpState(): VrrpState {
    const states = this.notified.slice(this.#notifiedEarlier).map((line) => /^INSTANCE \S+ (\S+)/.exec(line)?.[1])
    return (states.filter(Boolean).at(-1) as VrrpState) ?? 'INIT'
  }

  /** What keepalived has logged since it was first started. */
  get log(): string {
    return this.#earlier + (this.#process?.stderr ?? '') + (this.#process?.stdout ?? '')
  }

  /** Writes the configuration. One that runs reads it at its next {@link reload}. */
  configure(text: string): void {
    writeFileSync(this.#file('keepalived.conf'), text)
  }

  /** Starts it and waits until VRRP and the checkers run. */
  async start(): Promise<void> {
    const { under = [], env = {}, args: further = [] } = this.options
    const args = ['-n', '-l', '-D', ...further, '-f', this.#file('keepalived.conf')]
    const pids = [
      '-p',
      this.#file(pidFiles.parent),
      '-r',
      this.#file(pidFiles.vrrp),
      '-c',
      this.#file(pidFiles.checkers),
    ]
    const [command = 'keepalived', ...rest] = [...under, 'keepalived', ...args, ...pids]
    this.#earlier = this.log
    this.#notifiedEarlier = this.notified.length
    this.#process = this.namespace.spawn(command, rest, { env })
    await this.#process.says(/Startup complete/)
  }

  /** SIGHUP, and waits until both children have read the new configuration. */
  async reload(): Promise<void> {
    const said = () => reloadedSigns.map((sign) => this.log.split(sign).length)
    const before = said()
    this.signal('SIGHUP')
    await waitFor('keepalived to have reloaded', () => said().every((times, i) => times > (before[i] ?? 0)))
  }

  /** Sends the parent a signal. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.#parent, signal)
  }

  /** SIGTERM, and waits for its end. */
  async stop(): Promise<void> {
    this.signal('SIGTERM')
    await this.#ended()
  }

  /** SIGKILL to all its processes, so that none of them can put anything right. */
  async kill(): Promise<void> {
    const pids = killTree(this.#parent)
    await this.#ended()
    // It does not start where the process of a pid file is there.
    await areGone(pids)
  }

  get running(): boolean {
    return this.#process?.running ?? false
  }

  /** Files that it has made beside its configuration and has not removed. */
  get leftFiles(): string[] {
    const own: readonly string[] = ['keepalived.conf', 'notify.sh', 'notified']
    return readdirSync(this.options.directory).filter((name) => !own.includes(name))
  }

  async #ended(): Promise<void> {
    await this.#process?.ends(30_000)
  }

  get #parent(): number {
    const pid = Number(readFileSync(this.#file(pidFiles.parent), 'utf8'))
    if (programOf(pid) !== 'keepalived') throw new Error(`process ${pid} is '${programOf(pid)}', not keepalived`)
    return pid
  }

  #file(name: string): string {
    return join(this.options.directory, name)
  }
}
