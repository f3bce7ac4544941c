import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Clock } from '../core/clock.js'
import type { Logger } from '../core/logger.js'
import type { Ip } from './ip.js'
import { type NeighbourKey, type NeighbourState, neighbourKeyText, usableMac } from './neighbours.js'

/** What the kernel says has changed. It may lose changes, and repeat them. */
export type NetworkEvent =
  /** Something about routes, rules, addresses or links. */
  | { readonly type: 'routes' }
  /** A neighbour (neighbourKeyText), and what the kernel would send to now. */
  | { readonly type: 'neighbour'; readonly key: string; readonly mac: string | undefined }

const firstRestartMs = 100
const lastRestartMs = 5000

/**
 * Follows the kernel's changes through `ip monitor`, which is started again whenever it ends. One that outlives a
 * killed director ends at the next change: nobody reads its output.
 */
export class Monitor {
  #child: ChildProcess | undefined
  #cancelRestart: (() => void) | undefined
  #restartMs = firstRestartMs
  #closed: (() => void) | undefined

  constructor(
    private readonly ip: Ip,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly listener: (event: NetworkEvent) => void,
  ) {
    this.#start()
  }

  /** Ends the process; resolves when it has ended. */
  async close(): Promise<void> {
    this.#cancelRestart?.()
    const ended = new Promise<void>((resolve) => {
      this.#closed = resolve
    })
    if (!this.#child) return
    this.#child.kill()
    await ended
  }

  #start(): void {
    let child: ChildProcess
    try {
      child = this.ip.start('-o', 'monitor', 'label', 'link', 'address', 'route', 'rule', 'neigh')
    } catch (err) {
      this.#restart({ err })
      return
    }
    this.#child = child
    let reason = ''
    child.once('error', (err) => this.#ended(child, { err }))
    child.once('close', (status, signal) => this.#ended(child, { status, signal, stderr: reason }))
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.#changed(line))
    child.stderr?.setEncoding('utf8').on('data', (words: string) => {
      // It goes on after the message that says that its socket ran over.
      reason = words.trim()
      this.listener({ type: 'routes' })
    })
  }

  #changed(line: string): void {
    this.#restartMs = firstRestartMs
    const event = parseEvent(line)
    if (event) this.listener(event)
  }

  /** 'error' and 'close' may both tell the end of one process. */
  #ended(child: ChildProcess, how: object): void {
    if (this.#child !== child) return
    this.#child = undefined
    if (this.#closed) {
      this.#closed()
      return
    }
    this.#restart(how)
  }

  #restart(how: object): void {
    this.logger.warn({ ...how, restartMs: this.#restartMs }, 'ip monitor ended, starting it again')
    this.#cancelRestart = this.clock.after(this.#restartMs, () => {
      this.#start()
      this.listener({ type: 'routes' })
    })
    this.#restartMs = Math.min(this.#restartMs * 2, lastRestartMs)
  }
}

const neighbourLine =
  /^\[NEIGH\](?<deleted>Deleted )?(?<address>\S+) dev (?<dev>\S+)(?: lladdr (?<mac>\S+))?.* (?<state>[A-Z]+)\s*$/

/** One line of `ip -o monitor label`; undefined for a neighbour line that says nothing (of another form). */
export function parseEvent(line: string): NetworkEvent | undefined {
  if (!line.startsWith('[NEIGH]')) return { type: 'routes' }
  const groups = neighbourLine.exec(line)?.groups as Record<string, string | undefined> | undefined
  if (!groups) return undefined
  const { deleted, address = '', dev = '', mac, state } = groups
  const key: NeighbourKey = { dev, address }
  const gone = deleted !== undefined || mac === undefined
  return {
    type: 'neighbour',
    key: neighbourKeyText(key),
    mac: gone ? undefined : usableMac({ state: state as NeighbourState, mac }),
  }
}
