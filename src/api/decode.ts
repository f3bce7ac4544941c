import { DirectorError } from '../core/errors.js'

/** A member of an object, known by its path in the request: `commands[0].server.rip`. */
export class Field {
  constructor(
    readonly path: string,
    readonly value: unknown,
  ) {}

  /** A member of this object. */
  get(name: string): Field {
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      throw this.#refused('an object')
    }
    const path = this.path === '' ? name : `${this.path}.${name}`
    return new Field(path, (this.value as Readonly<Record<string, unknown>>)[name])
  }

  /** The elements of this array. */
  elements(): Field[] {
    if (!Array.isArray(this.value)) throw this.#refused('an array')
    return this.value.map((element, index) => new Field(`${this.path}[${index}]`, element))
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.#refused('a string')
    return this.value
  }

  integer(): number {
    if (!Number.isSafeInteger(this.value)) throw this.#refused('a whole number')
    return this.value as number
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const found = allowed.find((candidate) => candidate === this.value)
    if (found === undefined) throw this.#refused(`one of ${allowed.join(', ')}`)
    return found
  }

  /** Undefined where the member is absent, otherwise what `decode` makes of it. */
  optional<T>(decode: (field: Field) => T): T | undefined {
    return this.value === undefined ? undefined : decode(this)
  }

  #refused(allowed: string): DirectorError {
    const field = this.path || 'request'
    const shown = shownValue(this.value)
    return new DirectorError('INVALID', `${field}: ${shown}, but ${allowed} is needed`, { field, value: this.value })
  }
}

/** A value in a sentence. Of objects and arrays the kind alone: they may be too deep for JSON.stringify, and too long. */
function shownValue(value: unknown): string {
  if (value === undefined) return 'missing'
  if (typeof value !== 'object' || value === null) return `${JSON.stringify(value)}`.slice(0, 80)
  return Array.isArray(value) ? 'an array' : 'an object'
}
