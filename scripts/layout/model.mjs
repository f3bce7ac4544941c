// From BTF to a model of what userspace sees: structs with their fields, enums, maps.

/**
 * @typedef {{ kind: 'int', bytes: number, signed: boolean, bigEndian: boolean }
 *   | { kind: 'text', bytes: number }
 *   | { kind: 'bytes', bytes: number }
 *   | { kind: 'struct', name: string, bytes: number }
 *   | { kind: 'array', of: FieldType, length: number, bytes: number }} FieldType
 * @typedef {{ name: string, offset: number, type: FieldType }} Field
 * @typedef {{ name: string, size: number, fields: Field[] }} Struct
 * @typedef {{ name: string, members: { name: string, value: number }[] }} Enum
 * @typedef {{ name: string, type: number, flags: number, maxEntries: number,
 *   keySize: number, valueSize: number, key: string, value: string, holdsVariables: boolean }} MapModel
 * @typedef {{ structs: Struct[], enums: Enum[], maps: MapModel[] }} Model
 */

// linux/bpf.h.
const BPF_MAP_TYPE_ARRAY = 2
const BPF_MAP_TYPE_PROG_ARRAY = 3
const BPF_F_MMAPABLE = 1 << 10

const byName = (a, b) => (a.name < b.name ? -1 : 1)

/**
 * @param {object[]} types BTF types as bpftool prints them.
 * @param {string} header Text of types.h: declares what is exported.
 * @returns {Model} every list sorted by name; fields and members as declared.
 */
export function readModel(types, header) {
  const btf = new Btf(types)
  const declared = (keyword) => [...header.matchAll(new RegExp(`^${keyword} (\\w+) \\{`, 'gm'))].map(([, name]) => name)
  return {
    structs: declared('struct')
      .map((name) => readStruct(btf, btf.named(['STRUCT'], name)))
      .sort(byName),
    enums: declared('enum')
      .map((name) => readEnum(btf.named(['ENUM', 'ENUM64'], name)))
      .sort(byName),
    maps: [
      ...btf
        .variables('.maps')
        .map((variable) => new MapDefinition(btf, variable))
        // What is in it are programs, which libbpf puts there.
        .filter((definition) => definition.number('type') !== BPF_MAP_TYPE_PROG_ARRAY)
        .map(readMap),
      ...btf.sections('.data.').map((section) => readDirectMap(btf, section)),
    ].sort(byName),
  }
}

class Btf {
  constructor(types) {
    this.types = types
    this.byId = new Map(types.map((type) => [type.id, type]))
  }

  /** A type by name; clang drops what nothing uses. */
  named(kinds, name) {
    const type = this.types.find((each) => kinds.includes(each.kind) && each.name === name)
    if (type === undefined) {
      throw new Error(
        `${kinds[0].toLowerCase()} ${name} of types.h is not in the object's BTF: use it in a map or anchor it`,
      )
    }
    return type
  }

  /** What is behind typedefs and qualifiers. */
  resolve(id) {
    const type = this.byId.get(id)
    return ['TYPEDEF', 'CONST', 'VOLATILE'].includes(type.kind) ? this.resolve(type.type_id) : type
  }

  /** Whether a typedef on the way says that bytes are in wire order. */
  isWireOrder(id) {
    const type = this.byId.get(id)
    if (type.kind !== 'TYPEDEF') return false
    return /^__be(16|32|64)$/.test(type.name) || this.isWireOrder(type.type_id)
  }

  /** Names of those that begin with `prefix`. */
  sections(prefix) {
    return this.types.filter(({ kind, name }) => kind === 'DATASEC' && name.startsWith(prefix)).map(({ name }) => name)
  }

  variables(section) {
    const data = this.types.find(({ kind, name }) => kind === 'DATASEC' && name === section)
    return (data?.vars ?? []).map(({ type_id }) => this.byId.get(type_id))
  }

  sizeOf(id) {
    const type = this.resolve(id)
    return type.kind === 'ARRAY' ? type.nr_elems * this.sizeOf(type.type_id) : type.size
  }

  /** As C spells it: `__u32`, `struct conn`. */
  spelling(id) {
    const type = this.byId.get(id)
    if (type.kind === 'ARRAY') return `${this.spelling(type.type_id)}[${type.nr_elems}]`
    return { STRUCT: 'struct ', ENUM: 'enum ' }[type.kind]?.concat(type.name) ?? type.name
  }
}

function readStruct(btf, { name, size, members }) {
  return {
    name,
    size,
    fields: members.map((member) => {
      if (member.bitfield_size) throw new Error(`struct ${name}: ${member.name} is a bit-field`)
      return { name: member.name, offset: member.bits_offset / 8, type: readField(btf, name, member) }
    }),
  }
}

/** @returns {FieldType} */
function readField(btf, struct, { name, type_id: id }) {
  const type = btf.resolve(id)
  const bytes = btf.sizeOf(id)
  switch (type.kind) {
    case 'INT':
      return { kind: 'int', bytes, signed: type.encoding === 'SIGNED', bigEndian: btf.isWireOrder(id) }
    case 'ENUM':
      return { kind: 'int', bytes, signed: type.encoding === 'SIGNED', bigEndian: false }
    case 'STRUCT':
      return { kind: 'struct', name: type.name, bytes }
    case 'ARRAY': {
      const of = readField(btf, struct, { name, type_id: type.type_id })
      if (btf.resolve(type.type_id).name === 'char') return { kind: 'text', bytes }
      if (of.kind === 'int' && of.bytes === 1 && !of.signed) return { kind: 'bytes', bytes }
      return { kind: 'array', of, length: type.nr_elems, bytes }
    }
    default:
      throw new Error(`struct ${struct}: ${name} is a ${type.kind}: fields are integers, structs and arrays of these`)
  }
}

/** Members without what their names have in common (VERDICT_), and without a closing _COUNT. */
function readEnum({ name, values }) {
  const [first] = values
  let prefix = first.name
  while (!values.every((value) => value.name.startsWith(prefix))) prefix = prefix.slice(0, -1)
  prefix = prefix.slice(0, prefix.lastIndexOf('_') + 1)
  return {
    name,
    members: values
      .map((value) => ({ name: value.name.slice(prefix.length), value: value.val }))
      .filter((member) => member.name !== 'COUNT'),
  }
}

/** A map definition of libbpf: `__uint(x, n)` is a pointer to an array of n, `__type(x, T)` a pointer to T. */
class MapDefinition {
  constructor(btf, variable) {
    this.btf = btf
    this.name = variable.name
    this.members = new Map(btf.resolve(variable.type_id).members.map(({ name, type_id }) => [name, type_id]))
  }

  number(field) {
    return this.members.has(field) ? this.btf.resolve(this.target(field)).nr_elems : 0
  }

  target(field) {
    return this.btf.resolve(this.members.get(field)).type_id
  }
}

/** @returns {MapModel} */
function readMap(definition) {
  const { btf, name } = definition
  const [key, value] = [definition.target('key'), definition.target('value')]
  return {
    name,
    type: definition.number('type'),
    flags: definition.number('map_flags'),
    maxEntries: definition.number('max_entries'),
    keySize: btf.sizeOf(key),
    valueSize: btf.sizeOf(value),
    key: btf.spelling(key),
    value: btf.spelling(value),
    holdsVariables: false,
  }
}

/** A variable that is a map of one entry, as libbpf makes it of a section `.data.NAME`. */
function readDirectMap(btf, section) {
  const [variable, ...others] = btf.variables(section)
  if (others.length > 0) throw new Error(`section ${section} has ${others.length + 1} variables: a map is one of them`)
  if (section !== `.data.${variable.name}`) {
    throw new Error(`${variable.name} is in section ${section}: a map has its variable's name`)
  }
  return {
    name: variable.name,
    type: BPF_MAP_TYPE_ARRAY,
    flags: BPF_F_MMAPABLE,
    maxEntries: 1,
    keySize: 4,
    valueSize: btf.sizeOf(variable.type_id),
    key: '__u32',
    value: btf.spelling(variable.type_id),
    holdsVariables: true,
  }
}
