import type { OptionSpec } from './options.js'

/** An option as it was found on the command line. */
export interface FoundOption {
  readonly spec: OptionSpec
  readonly argument?: string
  /** The word that it was found in: `-Ln` for both of its options. */
  readonly word: string
}

/** A word that is not in the grammar; popt's sentences (poptStrerror). */
export class OptionError extends Error {
  override readonly name = 'OptionError'

  constructor(word: string, reason: 'unknown option' | 'missing argument' | 'option does not take an argument') {
    super(`${word}: ${reason}`)
  }
}

/**
 * Reads a command line as popt 1.19 does, which ipvsadm is built on: options and other words in any order, short options
 * clustered (`-Ln`), values in the same word (`-w3`, `-w=3`, `--weight=3`) or in the next one, whatever it begins with.
 * A value that may be left out is not taken from a next word that begins with `-`. `--` ends the options.
 */
export class OptionReader {
  /** Words that are neither options nor their values, as far as the command line was read. */
  readonly words: string[] = []
  readonly #argv: readonly string[]
  readonly #specs: readonly OptionSpec[]
  #next = 0
  #optionsEnded = false
  #cluster = ''

  constructor(argv: readonly string[], specs: readonly OptionSpec[]) {
    this.#argv = argv
    this.#specs = specs
  }

  /**
   * The next option; undefined at the end.
   * @throws OptionError
   */
  next(): FoundOption | undefined {
    if (this.#cluster !== '') return this.#shortOption()
    for (;;) {
      const word = this.#argv[this.#next++]
      if (word === undefined) return undefined
      if (this.#optionsEnded || !word.startsWith('-') || word === '-') {
        this.words.push(word)
      } else if (word === '--') {
        this.#optionsEnded = true
      } else if (word.startsWith('--')) {
        return this.#longOption(word)
      } else {
        this.#cluster = word.slice(1)
        return this.#shortOption()
      }
    }
  }

  #longOption(word: string): FoundOption {
    const equals = word.indexOf('=')
    const long = equals < 0 ? word.slice(2) : word.slice(2, equals)
    const spec = this.#specs.find((candidate) => candidate.long === long)
    return this.#withArgument(word, spec, equals < 0 ? undefined : word.slice(equals + 1))
  }

  #shortOption(): FoundOption {
    const word = this.#argv[this.#next - 1] as string
    const [short, ...others] = this.#cluster
    const spec = this.#specs.find((candidate) => candidate.short === short)
    const rest = others.join('')
    if (spec?.argument === 'none' && !rest.startsWith('=')) {
      this.#cluster = rest
      return { spec, word }
    }
    this.#cluster = ''
    return this.#withArgument(word, spec, rest === '' ? undefined : rest.replace(/^=/, ''))
  }

  #withArgument(word: string, spec: OptionSpec | undefined, attached: string | undefined): FoundOption {
    if (spec === undefined) throw new OptionError(word, 'unknown option')
    if (attached !== undefined) {
      if (spec.argument === 'none') throw new OptionError(word, 'option does not take an argument')
      return { spec, word, argument: attached }
    }
    if (spec.argument === 'none') return { spec, word }
    const following = this.#argv[this.#next]
    if (spec.argument === 'optional' && (following === undefined || following.startsWith('-'))) return { spec, word }
    if (following === undefined) throw new OptionError(word, 'missing argument')
    this.#next++
    return { spec, word, argument: following }
  }
}
