import type { LogFields, Logger } from '../../src/core/logger.js'

/** Keeps what was logged, as `level sentence`. */
export class MemoryLog implements Logger {
  readonly lines: string[] = []
  readonly fields: LogFields[] = []
  readonly debug = this.#at('debug')
  readonly info = this.#at('info')
  readonly warn = this.#at('warn')
  readonly error = this.#at('error')

  #at(level: string) {
    return (fields: LogFields, sentence: string): void => {
      this.lines.push(`${level} ${sentence}`)
      this.fields.push(fields)
    }
  }
}
