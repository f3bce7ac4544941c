import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { checkoutFile } from '../../lib/checkout.js'
import { FakeIpvs } from '../../lib/fake-ipvs.js'
import { executeOrThrow } from '../../lib/process.js'
import { waitFor } from '../../lib/wait-for.js'

/** A director's end that goes away with the test. */
export async function fakeIpvs(t: Test): Promise<FakeIpvs> {
  const fake = await FakeIpvs.create()
  t.teardown(() => fake.close())
  await fake.listen()
  return fake
}

/** Compiles probe.c, with the calls that Debian's packages use: fortified. */
export async function buildProbe(t: Test): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'xlvs-probe-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const sources = ['probe.c', 'probe_many.c', 'probe_host.c'].map((name) => checkoutFile(`test/unit/preload/${name}`))
  const flags = ['-O2', '-D_FORTIFY_SOURCE=2', '-Wall', '-Wextra', '-Werror', '-pthread']
  const probe = join(directory, 'probe')
  await executeOrThrow('cc', [...flags, '-o', probe, ...sources])
  return probe
}

/** Waits until a process has gone to sleep some times more: it waits for something, again and again. */
export async function retries(pid: number): Promise<void> {
  const before = sleeps(pid)
  await waitFor(`process ${pid} to wait`, () => sleeps(pid) > before + 3)
}

function sleeps(pid: number): number {
  const [, count] = /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(count)
}
