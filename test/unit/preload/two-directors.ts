/** Two directors that are alike: one for our ipvsadm, one for the distribution's with the preload library. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ipvsSocketName, socketName } from '../../../src/api/protocol.js'
import { serveApi } from '../../../src/api/server.js'
import { serveIpvs } from '../../../src/ipvs/server/server.js'
import { checkoutFile } from '../../lib/checkout.js'
import { preloadLibrary } from '../../lib/fake-ipvs.js'
import { hopTo } from '../../lib/fake-next-hops.js'
import { type ExecResult, execute } from '../../lib/process.js'
import { type Outcome, runIpvsadm } from '../../lib/run-ipvsadm.js'
import { type Fixture, startedDirector } from '../director/fixture.js'

interface Served extends Fixture {
  readonly runtimeDir: string
}

/** A director on both its sockets; the ways to 10.0.0.11 to .19 are known. */
async function served(t: Test): Promise<Served> {
  const fixture = await startedDirector()
  for (let n = 11; n < 20; n++) fixture.nextHops.set(`10.0.0.${n}`, hopTo(n))
  const { director, clock, log } = fixture
  const runtimeDir = mkdtempSync(join(tmpdir(), 'xlvs-'))
  const nothing = () => {}
  const api = {
    director,
    version: '',
    pinDir: '',
    refusals: [],
    down: async () => {},
    ended: nothing,
    changed: nothing,
  }
  const ipvs = { director, clock, changed: nothing, goesDown: () => false }
  const servers = [
    await serveApi(join(runtimeDir, socketName), api, log),
    await serveIpvs(join(runtimeDir, ipvsSocketName), ipvs, log),
  ]
  t.teardown(async () => {
    for (const server of servers) await server.close()
    rmSync(runtimeDir, { recursive: true })
  })
  return { ...fixture, runtimeDir }
}

export class TwoDirectors {
  private constructor(
    readonly first: Served,
    readonly second: Served,
  ) {}

  static async started(t: Test): Promise<TwoDirectors> {
    return new TwoDirectors(await served(t), await served(t))
  }

  get both(): readonly Fixture[] {
    return [this.first, this.second]
  }

  /** What our ipvsadm says at the first director, and what the distribution's says at the second. */
  say(line: string, input = ''): Promise<readonly [ours: Outcome, real: ExecResult]> {
    const args = line.split(' ')
    return Promise.all([
      runIpvsadm(args, { runtimeDir: this.first.runtimeDir, stdin: [input] }),
      this.real(args, input),
    ])
  }

  /** What bin/ipvsadm says at the first director. */
  ours(args: readonly string[]): Promise<ExecResult> {
    return execute(checkoutFile('bin/ipvsadm'), args, { env: { XLVS_RUNTIME_DIR: this.first.runtimeDir } })
  }

  /** What the distribution's ipvsadm says at the second. */
  real(args: readonly string[], input = ''): Promise<ExecResult> {
    const socket = join(this.second.runtimeDir, ipvsSocketName)
    return execute('ipvsadm', args, { input, env: { LD_PRELOAD: preloadLibrary, XLVS_IPVS_SOCKET: socket } })
  }
}

/** Both ipvsadms say the same. */
export async function sameOutput(t: Test, directors: TwoDirectors, line: string, input?: string): Promise<void> {
  const [ours, real] = await directors.say(line, input)
  t.same(ours, real, `ipvsadm ${line}`)
}
