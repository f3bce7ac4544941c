/** Whatever a test file prints or does, it is reported and counted, and the files behind it run. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkoutFile } from '../../lib/checkout.js'

const print = (text: string) => `process.stdout.write(${JSON.stringify(text)})\n`
const failing = (name: string, diag = '') => print(`not ok 1 - ${name}\n${diag}1..1\n`)
const yaml = (...lines: string[]) => ['---', ...lines, '...', ''].join('\n').replace(/^(?!$)/gm, '  ')
const passing = print('ok 1 - it goes on\n1..1\n')

/** Runs the runner in a directory that has these test files, by their names, alone. */
function run(t: Test, files: Readonly<Record<string, string>>, nodeArgs: readonly string[] = []) {
  const named = Object.entries(files).map(([name, source]) => [`${name}.test.js`, source])
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArgs, checkoutFile('scripts/test.mjs')], {
    cwd: t.testdir({ dist: { test: { unit: Object.fromEntries(named) } } }),
    encoding: 'utf8',
    env: { ...process.env, CI: '' },
    timeout: 50_000,
  })
  return { status, stdout, stderr, last: stdout.trimEnd().split('\n').pop() }
}

const diagnostics: Readonly<Record<string, { readonly diag: string; readonly shown: RegExp }>> = {
  none: { diag: '', shown: /not ok: none\n/ },
  nothing: { diag: yaml('null'), shown: /not ok: nothing\n/ },
  words: { diag: yaml('only words'), shown: /not ok: words\n {6}only words\n/ },
  number: { diag: yaml('42'), shown: /not ok: number\n {6}42\n/ },
  list: { diag: yaml('[first, second]'), shown: /not ok: list\n {6}\[ 'first', 'second' ]\n/ },
  symbol: { diag: yaml('!symbol sign'), shown: /not ok: symbol\n {6}Symbol\(sign\)\n/ },
  'no texts': {
    diag: yaml('diff: 7', 'source: [line]', 'stack: {top: here}'),
    shown: /not ok: no texts\n {6}7\n {6}\[ 'line' ]\n {6}\{ top: 'here' }\n/,
  },
  'no file': { diag: yaml('at: {lineNumber: 7}'), shown: /not ok: no file\n {6}\{ lineNumber: 7 }\n/ },
  'no place': { diag: yaml('at: null', 'found: 1'), shown: /not ok: no place\n {6}found: 1\n/ },
  'no YAML': { diag: yaml('{ ['), shown: /not ok: no YAML\n/ },
  'no end': { diag: '  ---\n  found: 1\n', shown: /not ok: no end\n/ },
  'not to be shown': {
    diag: yaml('found: !error', '  name: !symbol sign', '  message: text'),
    shown: /not ok: not to be shown\n {6}its diagnostics cannot be shown: /,
  },
}

t.test('diagnostics of every kind', async (t) => {
  const names = Object.keys(diagnostics)
  const files = Object.entries(diagnostics).map(([name, { diag }]) => [name, failing(name, diag)])
  const { status, stdout, last } = run(t, { ...Object.fromEntries(files), zzz: passing })
  for (const [name, { shown }] of Object.entries(diagnostics)) t.match(stdout, shown, name)
  t.match(stdout, /ok {3}test\/unit\/zzz \(1 passed/)
  t.equal(last, `1 passed, ${names.length} failed`)
  t.equal(status, 1)
})

/** Each of them has one failure. */
const misdeeds: Readonly<Record<string, { readonly source: string; readonly shown: RegExp }>> = {
  'binary junk': {
    source: `process.stdout.write(Buffer.from(Array.from({ length: 4096 }, (_, i) => i)))\n${print('\n')}${failing('behind it')}`,
    shown: /not ok: behind it\n/,
  },
  'ends of lines of all kinds': {
    source: print('ok 1 - a\rb\nok 2 - a\u2028b\nok 3\r\nnot ok 4 - last\r\n1..4\r\n'),
    shown: /all kinds \(3 passed, 1 failed.*\n {4}not ok: last\n/,
  },
  'junk alone': { source: `process.stdout.write(Buffer.alloc(1e5, 0xff))`, shown: /not ok: no assertions\n/ },
  bailout: { source: print(`Bail out! no room\n${'# more\n'.repeat(50_000)}`), shown: /not ok: bailed out: no room\n/ },
  'no plan': { source: print('not ok\n'), shown: /not ok: \n/ },
  'too deep': {
    source: print(`${' '.repeat(40_000)}ok 1\n`),
    shown: /not ok: the output cannot be read: Maximum call stack/,
  },
  'without an end': {
    source: "const more = () => process.stdout.write('#'.repeat(1 << 20) + '\\n', more); more()",
    shown: /not ok: the output cannot be read: it is longer than/,
  },
  'a subtest that lacks one': {
    source: print('# Subtest: x\n    ok 1\n    1..2\nok 1 - x\n1..1\n'),
    shown: /not ok: a subtest is not what its plan says\n/,
  },
  'exit status': { source: 'process.exit(3)', shown: /not ok: exit status 3\n/ },
  signal: { source: "process.kill(process.pid, 'SIGKILL')", shown: /not ok: killed by SIGKILL\n/ },
  'much on stderr': {
    source: `process.stderr.write('x'.repeat(4e6) + '\\nthe end\\n')\n${failing('x')}`,
    shown: / {4}the end\n/,
  },
}

t.test('what else a file may do', async (t) => {
  const names = Object.keys(misdeeds)
  const files = Object.entries(misdeeds).map(([name, { source }]) => [name, source])
  // With a small stack: what is too deep for it is soon read.
  const { status, stdout, last } = run(t, { ...Object.fromEntries(files), zzz: passing }, ['--stack-size=250'])
  for (const name of names) t.match(stdout, new RegExp(`FAIL test/unit/${name} \\(\\d+ passed, 1 failed`), name)
  for (const [name, { shown }] of Object.entries(misdeeds)) t.match(stdout, shown, name)
  t.ok(stdout.length < 100_000, 'of a long stderr the end')
  t.match(stdout, /ok {3}test\/unit\/zzz \(1 passed/)
  t.match(last, new RegExp(`^\\d+ passed, ${names.length} failed$`))
  t.equal(status, 1)
})

t.test('files that cannot be started', async (t) => {
  const noNode = 'data:text/javascript,process.execPath="/nowhere"'
  const { status, stdout, stderr, last } = run(t, { first: passing, second: passing }, ['--import', noNode])
  for (const name of ['first', 'second']) t.match(stdout, `FAIL test/unit/${name} (0 passed, 1 failed`)
  t.match(stdout, /not ok: cannot be run: spawn \/nowhere ENOENT/)
  t.equal(last, '0 passed, 2 failed', stderr)
  t.equal(status, 1)
})

/** What the runner gives for one file, with a grace of its own. */
async function runFile(
  file: string,
  timeoutS: number,
  graceMs: number,
): Promise<{ passed: number; failures: object[] }> {
  const { runFile } = await import(checkoutFile('scripts/test-file.mjs'))
  return runFile(file, timeoutS, graceMs)
}

t.test('a file that does not end, and one that leaves a process with its output', async (t) => {
  // It ends when nobody reads what it writes.
  const left = `require('node:child_process').spawn('sh', ['-c', 'while echo; do sleep 0.1; done'], { stdio: 'inherit', detached: true }).unref()`
  const directory = t.testdir({
    'endless.cjs': `${passing}setInterval(() => {}, 1000)`,
    'leaving.cjs': `${passing}${left}`,
  })
  t.match(await runFile(join(directory, 'endless.cjs'), 0, 300), { failures: [{ name: 'killed by SIGKILL' }] })
  t.match(await runFile(join(directory, 'leaving.cjs'), 20, 50), {
    passed: 1,
    failures: [{ name: 'the output cannot be read: a process that the file has left holds it open' }],
  })
})
