import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import typescript from 'typescript'
import { fromBytes, type Layout, toBytes } from '../../src/dataplane/tables/layout-fields.js'
import { BtfBuilder } from './btf-builder.js'

const generator = fileURLToPath(new URL('../../../scripts/generate-layout.mjs', import.meta.url))
const fields = new URL('../../src/dataplane/tables/layout-fields.js', import.meta.url).href

/** What types.h declares, and BTF that clang would make of it, with things in it that types.h does not declare. */
const header = `
enum colour {
	COLOUR_RED,
};
enum sample_flag {
	FLAG_UP = 1,
};
struct part {
};
struct every_kind {
};
`

function sampleBtf(): BtfBuilder {
  const btf = new BtfBuilder()
  const u8 = btf.typedef('__u8', btf.int('unsigned char', 1))
  const u16 = btf.typedef('__u16', btf.int('unsigned short', 2))
  const u32 = btf.typedef('__u32', btf.int('unsigned int', 4))
  const u64 = btf.typedef('__u64', btf.int('unsigned long long', 8))
  const s32 = btf.typedef('__s32', btf.int('int', 4, 'SIGNED'))
  const be16 = btf.typedef('__be16', u16)
  const be32 = btf.typedef('__be32', u32)
  const part = btf.struct('part', 8, [
    ['address', be32, 0],
    ['pad', btf.array(u16, 2), 4],
  ])
  const everyKind = btf.struct('every_kind', 64, [
    ['small', u8, 0],
    ['pad', u8, 1],
    ['wire_port', be16, 2],
    ['weight', s32, 4],
    ['big', u64, 8],
    ['name', btf.array(btf.int('char', 1, 'SIGNED'), 8), 16],
    ['mac', btf.array(u8, 6), 24],
    ['host_port', u16, 30],
    ['parts', btf.array(part, 2), 32],
    ['grid', btf.array(btf.array(u32, 2), 2), 48],
  ])
  btf.struct('of_the_kernel', 4, [['x', btf.union('whatever', 4), 0]])
  btf.enum('colour', { COLOUR_RED: 0, COLOUR_DARK_RED: 1, COLOUR_COUNT: 2 })
  btf.enum('sample_flag', { FLAG_UP: 1, FLAG_DOWN: 4 })
  btf.section('.data.parts', [btf.variable('parts', btf.array(part, 2))])
  btf.section('.rodata', [btf.variable('constant', u32)])
  btf.section('.maps', [
    btf.map('some_samples', { type: 2, map_flags: 1024, max_entries: 9 }, { key: u32, value: everyKind }),
    btf.map('counts', { type: 6, max_entries: 3 }, { key: u32, value: u64 }),
    btf.map('programs', { type: 3, max_entries: 2, key_size: 4 }, {}),
  ])
  return btf
}

/** Runs the generator. */
function generate(
  t: Test,
  btf: BtfBuilder,
  headerText: string,
): { output: string; status: number | null; stderr: string } {
  const directory = t.testdir({ 'btf.json': JSON.stringify({ types: btf.types }), 'types.h': headerText })
  const output = join(directory, 'layout.gen.ts')
  const args = [generator, join(directory, 'btf.json'), join(directory, 'types.h'), output]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return { output, status, stderr }
}

interface SampleLayout {
  everyKindLayout: Layout<unknown>
  partLayout: Layout<unknown>
  colour: object
  colourNames: string[]
  sampleFlag: object
  sampleFlagNames: undefined
  maps: object
}

/** The generated module, running. */
async function load(output: string): Promise<SampleLayout> {
  const { outputText } = typescript.transpileModule(readFileSync(output, 'utf8'), {
    compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 },
  })
  const path = output.replace(/\.ts$/, '.mjs')
  writeFileSync(path, outputText.replace('./layout-fields.js', fields))
  return (await import(pathToFileURL(path).href)) as SampleLayout
}

const value = {
  small: 0xfe,
  wirePort: 0x1234,
  weight: -2,
  big: 0x1122334455667788n,
  name: 'wlc',
  mac: new Uint8Array([2, 0, 0, 0, 0, 1]),
  hostPort: 0x1234,
  parts: [{ address: 0xc0000201 }, { address: 0x0a000001 }],
  grid: [
    [1, 2],
    [3, 4],
  ],
}

/** The same by hand, as a little-endian machine has it. */
const bytes = Buffer.from(
  [
    'fe 00 1234 feffffff',
    '8877665544332211',
    '776c630000000000',
    '020000000001 3412',
    'c0000201 00000000 0a000001 00000000',
    '01000000 02000000 03000000 04000000',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

t.test('structs of every kind of field', async (t) => {
  const { output, status, stderr } = generate(t, sampleBtf(), header)
  t.equal(status, 0, stderr)
  const { everyKindLayout } = await load(output)
  t.match(everyKindLayout, { name: 'every_kind', size: 64 })
  t.same(everyKindLayout.offsets, {
    small: 0,
    wirePort: 2,
    weight: 4,
    big: 8,
    name: 16,
    mac: 24,
    hostPort: 30,
    parts: 32,
    grid: 48,
  })
  t.same(toBytes(everyKindLayout, value), bytes)
  t.same(fromBytes(everyKindLayout, bytes), value)
  const three = Buffer.concat([Buffer.alloc(64), bytes, Buffer.alloc(64)])
  t.same(fromBytes(everyKindLayout, three, 1), value, 'one of several')
  t.same(fromBytes(everyKindLayout, Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)), value, 'at any address')
})

t.test('padding is zeroed, whatever was there', async (t) => {
  const { everyKindLayout } = await load(generate(t, sampleBtf(), header).output)
  const dirty = Buffer.alloc(64, 0xff)
  everyKindLayout.encode(new DataView(dirty.buffer, dirty.byteOffset, 64), 0, value)
  t.same(dirty, bytes)
})

t.test('values that do not fit are refused by name', async (t) => {
  const { everyKindLayout } = await load(generate(t, sampleBtf(), header).output)
  for (const [change, message] of [
    [{ name: 'x'.repeat(8) }, "every_kind.name: 'xxxxxxxx' has 8 bytes, at most 7 fit"],
    [{ mac: new Uint8Array(5) }, 'every_kind.mac: has 5 elements, must have 6'],
    [{ parts: [] }, 'every_kind.parts: has 0 elements, must have 2'],
    [{ grid: [[1, 2], [3]] }, 'every_kind.grid: has 1 elements, must have 2'],
  ] as const) {
    t.throws(() => toBytes(everyKindLayout, { ...value, ...change }), new RangeError(message))
  }
})

t.test('text ends at the first NUL or with its field', async (t) => {
  const { everyKindLayout } = await load(generate(t, sampleBtf(), header).output)
  for (const [hex, name] of [
    ['6100626364656667', 'a'],
    ['6162636465666768', 'abcdefgh'],
    ['0000000000000000', ''],
  ] as const) {
    const changed = Buffer.from(bytes)
    changed.write(hex, 16, 'hex')
    t.match(fromBytes(everyKindLayout, changed), { name })
  }
})

t.test('enums', async (t) => {
  const layout = await load(generate(t, sampleBtf(), header).output)
  t.same(layout.colour, { RED: 0, DARK_RED: 1 })
  t.same(layout.colourNames, ['RED', 'DARK_RED'])
  t.same(layout.sampleFlag, { UP: 1, DOWN: 4 })
  t.equal(layout.sampleFlagNames, undefined, 'no list where values are not indexes')
})

t.test('maps', async (t) => {
  t.same((await load(generate(t, sampleBtf(), header).output)).maps, {
    counts: { name: 'counts', type: 6, flags: 0, maxEntries: 3, keySize: 4, valueSize: 8, holdsVariables: false },
    parts: { name: 'parts', type: 2, flags: 1024, maxEntries: 1, keySize: 4, valueSize: 16, holdsVariables: true },
    someSamples: {
      name: 'some_samples',
      type: 2,
      flags: 1024,
      maxEntries: 9,
      keySize: 4,
      valueSize: 64,
      holdsVariables: false,
    },
  })
})

t.test('a variable in a section that is not called after it is refused', async (t) => {
  const btf = sampleBtf()
  btf.section('.data.others', [btf.variable('mine', btf.int('int', 4))])
  const { status, stderr } = generate(t, btf, header)
  t.equal(status, 1)
  t.match(stderr, 'mine is in section .data.others')
})

t.test('a section of two variables is refused', async (t) => {
  const btf = sampleBtf()
  const int = btf.int('int', 4)
  btf.section('.data.pair', [btf.variable('pair', int), btf.variable('other', int)])
  const { status, stderr } = generate(t, btf, header)
  t.equal(status, 1)
  t.match(stderr, 'section .data.pair has 2 variables: a map is one of them')
})

t.test('only what types.h declares, and always in the same order', async (t) => {
  const text = readFileSync(generate(t, sampleBtf(), header).output, 'utf8')
  t.notMatch(text, /kernel/i)
  const reversed = header
    .trim()
    .split(/(?<=\};\n)/)
    .reverse()
    .join('\n')
  t.equal(readFileSync(generate(t, sampleBtf(), reversed).output, 'utf8'), text)
})

t.test('what cannot be expressed is refused, and nothing is written', async (t) => {
  for (const [name, addition, message] of [
    ['missing struct', 'struct lost {\n};\n', 'struct lost of types.h is not in the object'],
    ['missing enum', 'enum lost {\n};\n', 'enum lost of types.h is not in the object'],
    ['union', 'struct of_the_kernel {\n};\n', 'struct of_the_kernel: x is a UNION'],
  ] as const) {
    const { output, status, stderr } = generate(t, sampleBtf(), header + addition)
    t.equal(status, 1, name)
    t.match(stderr, message)
    t.throws(() => readFileSync(output), { code: 'ENOENT' })
  }
})
