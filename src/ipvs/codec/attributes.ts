/** Attributes: struct nlattr, a length and a type of 16 bits each in host order, then a payload padded to 4. */
import { align } from './align.js'
import { NetlinkError } from './error.js'
import type { Kind } from './kinds.js'
import type { Writer } from './writer.js'

const headerBytes = 4
/** NLA_TYPE_MASK: the upper two bits are flags, which nobody has to set. */
const typeMask = 0x3fff

/** Types and payloads up to the last whole attribute. */
function* attributes(bytes: Buffer): Generator<readonly [type: number, payload: Buffer]> {
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < headerBytes || at + length > bytes.length) return
    yield [bytes.readUInt16LE(at + 2) & typeMask, bytes.subarray(at + headerBytes, at + length)]
    at += align(length)
  }
}

function encodeAttribute<T>(writer: Writer, type: number, kind: Kind<T>, value: T): void {
  writer.sizedByU16(() => {
    writer.u16(type)
    kind.encode(writer, value)
  })
}

/** Attributes by the names of their values: the type that stands in the message, and the kind of the value. */
export type Fields = Readonly<Record<string, readonly [type: number, kind: Kind<unknown>]>>

/** The values of attributes; those that are not there are absent. */
export type Values<F extends Fields> = {
  readonly [Name in keyof F]?: F[Name] extends readonly [number, Kind<infer Value>] ? Value : never
}

/** Attributes that stand one after another, in the order in which the kernel writes them. */
export class AttributeSet<F extends Fields> {
  readonly #fields: readonly (readonly [name: string, type: number, kind: Kind<unknown>])[]
  readonly #byType: ReadonlyMap<number, readonly [name: string, type: number, kind: Kind<unknown>]>

  constructor(fields: F) {
    this.#fields = Object.entries(fields).map(([name, [type, kind]]) => [name, type, kind])
    this.#byType = new Map(this.#fields.map((field) => [field[1], field]))
  }

  /**
   * Reads attributes as __nla_validate_parse() in lib/nlattr.c does: what is not in the set is passed over, of several of one type
   * the last one counts, and what is left over behind the last whole attribute is nothing.
   * @throws NetlinkError ERANGE or EINVAL for a value that its kind refuses.
   */
  decode(bytes: Buffer): Values<F> {
    const values: Record<string, unknown> = {}
    for (const [type, payload] of attributes(bytes)) {
      const field = this.#byType.get(type)
      if (field) values[field[0]] = field[2].decode(payload)
    }
    return values as Values<F>
  }

  encode(writer: Writer, values: Values<F>): void {
    for (const [name, type, kind] of this.#fields) {
      const value = values[name]
      if (value === undefined) continue
      encodeAttribute(writer, type, kind, value)
    }
  }
}

/** The values that a set reads and writes. */
export type ValuesOf<S> = S extends AttributeSet<infer F> ? Values<F> : never

/**
 * An attribute that holds attributes, without NLA_F_NESTED, as IPVS writes it. What is wrong within it is EINVAL, whatever it
 * is, as IPVS has it of the nested attributes of a request (ip_vs_genl_parse_service in ip_vs_ctl.c).
 */
export function nested<F extends Fields>(set: AttributeSet<F>): Kind<Values<F>> {
  return {
    decode(payload) {
      if (payload.length > 0 && payload.length < headerBytes) {
        throw new NetlinkError('ERANGE', `attributes in ${payload.length} bytes`)
      }
      try {
        return set.decode(payload)
      } catch (cause) {
        throw new NetlinkError('EINVAL', (cause as Error).message, { cause })
      }
    },
    encode: (writer, values) => set.encode(writer, values),
  }
}

/** Any number of values, each in an attribute of its own whose type is its place, from 1 on. */
export function listOf<T>(kind: Kind<T>): Kind<readonly T[]> {
  return {
    decode: (payload) => Array.from(attributes(payload), ([, element]) => kind.decode(element)),
    encode(writer, values) {
      for (const [index, value] of values.entries()) encodeAttribute(writer, index + 1, kind, value)
    },
  }
}
