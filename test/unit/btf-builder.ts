/** BTF as bpftool prints it, put together type by type: each method gives the id of the type that it adds. */
export class BtfBuilder {
  readonly types: object[] = []

  int(name: string, size: number, encoding = '(none)'): number {
    return this.#add({ kind: 'INT', name, size, bits_offset: 0, nr_bits: size * 8, encoding })
  }

  typedef(name: string, type_id: number): number {
    return this.#add({ kind: 'TYPEDEF', name, type_id })
  }

  array(type_id: number, nr_elems: number): number {
    return this.#add({ kind: 'ARRAY', name: '(anon)', type_id, index_type_id: 0, nr_elems })
  }

  pointer(type_id: number): number {
    return this.#add({ kind: 'PTR', name: '(anon)', type_id })
  }

  union(name: string, size: number): number {
    return this.#add({ kind: 'UNION', name, size, vlen: 0, members: [] })
  }

  /** Members as [name, type, offset in bytes]. */
  struct(name: string, size: number, members: readonly (readonly [string, number, number])[]): number {
    return this.#add({
      kind: 'STRUCT',
      name,
      size,
      vlen: members.length,
      members: members.map(([name, type_id, offset]) => ({ name, type_id, bits_offset: offset * 8 })),
    })
  }

  enum(name: string, values: Readonly<Record<string, number>>): number {
    return this.#add({
      kind: 'ENUM',
      name,
      size: 4,
      encoding: 'UNSIGNED',
      vlen: Object.keys(values).length,
      values: Object.entries(values).map(([name, val]) => ({ name, val })),
    })
  }

  /** A map definition: `uints` are its __uint() lines, `types` its __type() lines. */
  map(name: string, uints: Readonly<Record<string, number>>, types: Readonly<Record<string, number>>): number {
    const int = this.int('int', 4, 'SIGNED')
    const members = [
      ...Object.entries(uints).map(([field, n]) => [field, this.pointer(this.array(int, n))] as const),
      ...Object.entries(types).map(([field, type]) => [field, this.pointer(type)] as const),
    ]
    const type_id = this.struct(
      '(anon)',
      members.length * 8,
      members.map(([field, type], i) => [field, type, i * 8]),
    )
    return this.variable(name, type_id)
  }

  variable(name: string, type_id: number): number {
    return this.#add({ kind: 'VAR', name, type_id, linkage: 'global' })
  }

  section(name: string, variables: readonly number[]): number {
    return this.#add({
      kind: 'DATASEC',
      name,
      size: 0,
      vlen: variables.length,
      vars: variables.map((type_id) => ({ type_id, offset: 0, size: 0 })),
    })
  }

  #add(type: object): number {
    const id = this.types.length + 1
    this.types.push({ id, ...type })
    return id
  }
}
