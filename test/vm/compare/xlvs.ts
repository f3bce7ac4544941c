import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ipvsSocketName } from '../../../src/api/protocol.js'
import { controlClient } from '../../../src/cli/client.js'
import { systemNames } from '../../../src/cli/ipvsadm/names.js'
import { run } from '../../../src/cli/ipvsadm/run.js'
import { DirectorProcess } from '../../lib/director-process.js'
import type { Namespace } from '../../lib/netns.js'
import { TextSink } from '../../lib/run-ipvsadm.js'
import { waitFor } from '../../lib/wait-for.js'
import type { Workspace } from '../../lib/workspace.js'
import { makePlace, type Outcome, type Place, removePlace, type Subject } from './subject.js'
import { Wire } from './wire.js'
import { XlvsByRealIpvsadm } from './xlvs-by-real-ipvsadm.js'

/** As IPVS has it unless told otherwise (conn_tab_bits 12): `-L` shows the size. */
const tableSize = '4096'

/**
 * xlvs: the daemon in the director's namespace. `ipvsadm` runs in this process, by the function that
 * bin/ipvsadm calls: starting a node takes seconds where the processor is emulated.
 */
export class Xlvs implements Subject {
  readonly name = 'xlvs'
  readonly wire: Wire
  #byRealIpvsadm: XlvsByRealIpvsadm | undefined

  private constructor(
    private readonly place: Place,
    private readonly daemon: DirectorProcess,
    private readonly runtimeDirectory: string,
  ) {
    this.wire = new Wire(place.device)
  }

  static async start(workspace: Workspace, role: string): Promise<Xlvs> {
    const place = await makePlace(workspace, role)
    const runtimeDirectory = workspace.temporaryDirectory(role)
    const daemon = new DirectorProcess(place.namespace, {
      interfaces: ['eth0'],
      pinDirectory: workspace.pinPath(role),
      runtimeDirectory,
      args: ['--xdp-mode', 'native', '--conn-table-size', tableSize],
      readyWithinMs: 180_000,
    })
    await daemon.start()
    return new Xlvs(place, daemon, runtimeDirectory)
  }

  get namespace(): Namespace {
    return this.place.namespace
  }

  /** Where it answers IPVS's netlink messages. */
  get ipvsSocket(): string {
    return join(this.runtimeDirectory, ipvsSocketName)
  }

  async ipvsadm(args: readonly string[], input = ''): Promise<Outcome> {
    const outcome = await this.#run(args, input)
    await this.hopsKnown()
    return outcome
  }

  async print(lines: readonly string[]): Promise<string[]> {
    const texts: string[] = []
    for (const line of lines) {
      const { stdout, stderr } = await this.#run(line.split(' '))
      texts.push(stdout + stderr)
    }
    return texts
  }

  /** The same director, driven by the distribution's ipvsadm. */
  byRealIpvsadm(): XlvsByRealIpvsadm {
    this.#byRealIpvsadm ??= new XlvsByRealIpvsadm(this, this.runtimeDirectory)
    return this.#byRealIpvsadm
  }

  /** Waits for next hops: one is looked up when a server is added; until then nobody picks it. */
  async hopsKnown(): Promise<void> {
    const client = controlClient(this.runtimeDirectory)
    await waitFor('next hops of all real servers', async () => (await client.status()).unresolved.length === 0)
  }

  async #run(args: readonly string[], input = ''): Promise<Outcome> {
    const [stdout, stderr] = [new TextSink(), new TextSink()]
    const client = controlClient(this.runtimeDirectory)
    const status = await run(args, { stdout, stderr, stdin: Readable.from([input]), client, names: systemNames() })
    return { status, stdout: stdout.text, stderr: stderr.text }
  }

  async close(): Promise<void> {
    this.#byRealIpvsadm?.close()
    await controlClient(this.runtimeDirectory).down()
    await this.daemon.daemon.ended
    this.wire.close()
    await removePlace(this.place)
  }
}
