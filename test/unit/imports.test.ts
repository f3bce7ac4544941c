/**
 * The house's rules that a compiler does not know: who may import whom, what a BPF header may do,
 * and how long a file may get.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { schedulers } from '../../src/scheduler/index.js'
import { checkoutFile } from '../lib/checkout.js'

/** Paths below src/, without .ts, that a part of the house may import beside its own. Longest part first. */
const mayImport: readonly [part: string, allowed: readonly string[]][] = [
  ['core/', []],
  ['scheduler/', ['core/']],
  ['config/', ['core/']],
  ['packet/', ['core/']],
  ['native', ['core/']],
  ['give-back', ['core/']],
  ['exec', ['core/', 'native', 'api/protocol', 'cli/program']],
  ['bpf/', ['core/', 'native']],
  ['net/', ['core/', 'native']],
  ['dataplane/open', ['core/', 'dataplane/', 'net/', 'bpf/']],
  ['dataplane/dataplane', ['core/', 'scheduler/scheduler']],
  ['dataplane/tables/', ['core/', 'scheduler/', 'bpf/', 'dataplane/dataplane']],
  ['dataplane/xdp/', ['core/', 'scheduler/', 'packet/', 'bpf/', 'net/', 'dataplane/dataplane', 'dataplane/tables/']],
  ['dataplane/wasm/', ['core/', 'dataplane/tables/']],
  [
    'dataplane/raw/',
    ['core/', 'scheduler/', 'packet/', 'net/', 'dataplane/dataplane', 'dataplane/tables/', 'dataplane/wasm/'],
  ],
  ['director/', ['core/', 'scheduler/', 'config/', 'packet/', 'dataplane/dataplane', 'api/protocol']],
  ['api/protocol', ['core/']],
  ['api/', ['core/', 'scheduler/', 'config/', 'packet/', 'director/', 'net/unix-socket']],
  ['ipvs/codec/', []],
  ['ipvs/', ['core/', 'scheduler/', 'config/', 'packet/', 'director/', 'api/protocol', 'net/unix-socket']],
  [
    'metrics/',
    [
      'core/',
      'scheduler/',
      'config/',
      'packet/',
      'director/',
      'dataplane/dataplane',
      'api/protocol',
      'net/connection-cap',
    ],
  ],
  ['realserver/', ['core/', 'net/', 'bpf/']],
  ['cli/', ['core/', 'api/protocol']],
]

/** Parts that connect all others. */
const unrestricted = ['main', 'daemon', 'descriptors']

const maxLines = { ts: 300, c: 275 }
/** Longer by design: one list of everything that userspace sees. */
const exempt = ['bpf/types.h', 'src/dataplane/tables/layout.gen.ts']

function filesBelow(folder: string, pattern: RegExp): string[] {
  const names = readdirSync(checkoutFile(folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => pattern.test(name)).sort()
}

function read(path: string): string {
  return readFileSync(checkoutFile(path), 'utf8')
}

/** What a module below src/ imports of src/, as paths without extension. */
function importsOf(file: string): string[] {
  const specifiers = [...read(`src/${file}`).matchAll(/(?:\bfrom |\bimport\(|^import )'(\.[^']+)'/gm)]
  return specifiers.map(([, specifier = '']) => normalize(join(dirname(file), specifier)).replace(/\.js$/, ''))
}

t.test('who may import whom', async (t) => {
  for (const file of filesBelow('src', /\.ts$/)) {
    const module = file.replace(/\.ts$/, '')
    if (unrestricted.some((part) => module.startsWith(part))) continue
    const rule = mayImport.find(([part]) => module === part || (part.endsWith('/') && module.startsWith(part)))
    if (!rule) {
      t.fail(`${file}: no rule for this part of src/: add it to the table`)
      continue
    }
    const [part, allowed] = rule
    const own = part.endsWith('/') ? part : dirname(part)
    const forbidden = importsOf(file).filter(
      (target) => ![own, ...allowed].some((each) => target === each || (each.endsWith('/') && target.startsWith(each))),
    )
    t.same(forbidden, [], `${file} imports only ${[part, ...allowed].join(', ')}`)
  }
})

/** A BPF source without its comments. */
function code(file: string): string {
  return read(`bpf/${file}`).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
}

/** Everything that a header includes of bpf/, at any depth. */
function includesOf(file: string): string[] {
  const direct = [...code(file).matchAll(/#include "([^"]+)"/g)].map(([, name = '']) => join(dirname(file), name))
  return [...new Set([...direct, ...direct.flatMap(includesOf)])]
}

const headers = filesBelow('bpf', /\.h$/)

t.test('these BPF headers know no maps', async (t) => {
  for (const file of [
    'types.h',
    'checksum.h',
    'tuple.h',
    'packet.h',
    'words.h',
    'for_us.h',
    'may_schedule.h',
    'frame_sum.h',
    'parse_icmp.h',
    'verifier.h',
    'parse.h',
    'forward.h',
    'path_mtu.h',
    'conn_state.h',
  ]) {
    t.notOk(includesOf(file).includes('maps.h'), `${file} does not include maps.h`)
    t.notMatch(code(file), /\bbpf_map_/, `${file} calls no map helper`)
  }
})

t.test('only stats.h counts', async (t) => {
  const counting = [
    /(?<!data\.|batch\.|sizeof\()\bverdicts\b(?!\[(VERDICT_CPUS|BATCH_SIZE)\])/,
    /(?<!struct |\} )\btable_stats\b/,
    /(?<!struct |data\.|sizeof\()\bserver_counts\b(?!\[MAX_SERVERS\])/,
    /\b(conns|packets(\[\w+\])?|bytes|evicted|(in)?active|->expired) ?(\+\+|--|\+=|-=)/,
    /__sync_fetch_and_(add|sub)\([^,]*->(in)?active\b/,
  ]
  const others = filesBelow('bpf', /\.[ch]$/).filter((name) => name !== 'stats.h')
  for (const pattern of counting) {
    t.match(code('stats.h'), pattern, `${pattern} knows counting when it sees it`)
    for (const file of others) t.notMatch(code(file), pattern, file)
  }
})

t.test('one header knows what the packet path is compiled for', async (t) => {
  for (const file of filesBelow('bpf', /\.[ch]$/).filter((name) => name !== 'platform.h')) {
    t.notMatch(code(file), /__bpf__|__wasm|__x86_64__|__BPF__/, file)
    if (!file.startsWith('platform/')) t.notMatch(code(file), /#include "platform\//, file)
  }
})

t.test('one place decides on XDP actions', async (t) => {
  const others = headers.filter((file) => file !== 'finish.h')
  for (const file of others) t.notMatch(code(file), /\bXDP_(ABORTED|DROP|PASS|TX|REDIRECT)\b/, file)
})

t.test('every file of scheduler/ is a scheduler in the list', async (t) => {
  const files = filesBelow('src/scheduler', /\.ts$/).filter((name) => !['index.ts', 'scheduler.ts'].includes(name))
  t.same(files, schedulers.map(({ name }) => `${name}.ts`).sort())
})

t.test('no file is too long', async (t) => {
  const sources = (folder: string, pattern: RegExp) => filesBelow(folder, pattern).map((name) => `${folder}/${name}`)
  const limits: [number, string[]][] = [
    [maxLines.ts, ['src', 'test', 'bench'].flatMap((folder) => sources(folder, /\.ts$/))],
    [maxLines.c, ['bpf', 'native', 'test', 'bench'].flatMap((folder) => sources(folder, /\.(h|c|cc)$/))],
  ]
  for (const [limit, files] of limits) {
    for (const file of files.filter((name) => !exempt.includes(name))) {
      const lines = read(file).split('\n').length - 1
      t.ok(lines <= limit, `${file}: ${lines} lines, at most ${limit}`)
    }
  }
})
