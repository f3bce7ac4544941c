import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkoutFile } from '../lib/checkout.js'
import { runFuzzer } from './run-fuzzer.js'
import { seeds } from './seeds.js'

/** A program in the driver's place. */
function stub(folder: string, script: string): string {
  const program = join(folder, 'stub')
  writeFileSync(program, `#!/bin/sh\n${script}\n`)
  chmodSync(program, 0o755)
  return program
}

t.test('nothing is found in a second, and what is new is kept', async (t) => {
  const folder = t.testdir()
  const program = checkoutFile('build/test/native/fuzz')
  const { executed, coverage, failure } = await runFuzzer({ program, seconds: 1, seed: 1, folder })
  t.equal(failure?.report, undefined)
  t.ok(executed > Object.keys(seeds).length, `${executed} inputs`)
  t.ok(coverage > 100, `coverage ${coverage}`)
  t.ok(readdirSync(join(folder, 'found')).length > 0)
  t.same(readdirSync(join(folder, 'seeds')).sort(), Object.keys(seeds).sort())
  t.same(readdirSync(join(folder, 'failed')), [])
})

t.test('an input that fails is named, with what is wrong', async (t) => {
  const folder = t.testdir()
  const program = stub(
    folder,
    `for arg; do case $arg in -artifact_prefix=*) prefix=\${arg#*=} ;; esac; done
     echo "#1024 pulse  cov: 7 ft: 9" >&2
     echo "fuzz.c:1: not so: true" >&2
     echo bad >"\${prefix}crash-1"
     echo "artifact_prefix='$prefix'; Test unit written to \${prefix}crash-1" >&2
     exit 77`,
  )
  const progress: string[] = []
  const onProgress = (line: string) => progress.push(line)
  const { failure, executed, coverage } = await runFuzzer({ program, seconds: 1, seed: 1, folder, onProgress })
  t.equal(failure?.file, join(folder, 'failed/crash-1'))
  t.ok(existsSync(failure?.file ?? ''))
  t.match(failure?.report, /^fuzz\.c:1: not so: true\n[\s\S]*the fuzzer ended with 77$/)
  t.same({ executed, coverage }, { executed: 1024, coverage: 7 })
  t.equal(progress.length, 1)
  t.match(readFileSync(join(folder, 'log'), 'utf8'), /not so/)
})

t.test('a driver that ends badly is a failure without an input', async (t) => {
  const folder = t.testdir()
  const program = stub(folder, 'seq 100 >&2; kill -9 $$')
  const { failure } = await runFuzzer({ program, seconds: 1, seed: 1, folder })
  t.equal(failure?.file, undefined)
  t.match(failure?.report, /^91\n[\s\S]*\n100\nthe fuzzer ended with SIGKILL$/)
})

t.test('a driver that is not there is an error', async (t) => {
  const folder = t.testdir()
  await t.rejects(runFuzzer({ program: join(folder, 'none'), seconds: 1, seed: 1, folder }), { code: 'ENOENT' })
})
