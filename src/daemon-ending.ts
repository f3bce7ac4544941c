import { writeSync } from 'node:fs'
import { DirectorError } from './core/errors.js'
import type { Logger } from './core/logger.js'

/** Signals that end the director. */
const ends = ['SIGTERM', 'SIGINT'] as const

/**
 * Signals whose default action would end the process without a word, or open Node's debugger (SIGUSR1): a closed terminal and
 * log rotation send them.
 */
const unused = ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** Why the director ends, once it does. All that can end it comes here: what has to be saved is saved in one place. */
export class Ending {
  #end: (reason: string) => void = () => {}
  #failure: unknown
  readonly reason = new Promise<string>((resolve) => {
    this.#end = resolve
  })

  constructor(readonly log: Logger) {}

  end(reason: string): void {
    this.#end(reason)
  }

  /**
   * Listens to signals, and to errors that nobody catches, while `work` goes on. One that ends the director while it starts does so
   * when it has started; further ones change nothing.
   * @throws DirectorError INTERNAL if such an error has ended it.
   */
  async during(work: () => Promise<void>): Promise<void> {
    for (const signal of ends) process.on(signal, this.#end)
    for (const signal of unused) process.on(signal, this.#note)
    // Rejections that nobody handles come here as well.
    process.on('uncaughtException', this.#fail)
    await work().finally(() => process.off('uncaughtException', this.#fail))
    if (this.#failure === undefined) return
    throw new DirectorError(
      'INTERNAL',
      'a fault of xlvs has ended the director; its log says where',
      {},
      { cause: this.#failure },
    )
  }

  #note = (signal: NodeJS.Signals) => {
    this.log.info({ signal }, 'signal has no use here: it neither ends nor reloads anything')
  }

  #fail = (err: unknown) => {
    this.log.error({ err }, 'a fault of xlvs: the director ends')
    this.#failure ??= err
    this.#end('fault')
  }
}

/** Says on stdout that the director forwards. @throws DirectorError if that cannot be written. */
export function sayReady(): void {
  try {
    writeSync(process.stdout.fd, 'ready\n')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new DirectorError('INTERNAL', `stdout: 'ready' cannot be written: ${message}`, { code }, { cause })
  }
}

/**
 * Does all steps of an end in order, also those after one that failed.
 * @throws what the first of them threw, when all are done.
 */
export async function finish(steps: readonly (() => void | Promise<void>)[], log: Logger): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (err) {
      log.error({ err }, 'a step of the end failed; the others are done')
      failures.push(err)
    }
  }
  if (failures.length > 0) throw failures[0]
}
