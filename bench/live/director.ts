import { controlClient } from '../../src/cli/client.js'
import { checkoutFile } from '../../test/lib/checkout.js'
import { DirectorProcess } from '../../test/lib/director-process.js'
import { waitFor } from '../../test/lib/wait-for.js'
import { servers, vport } from '../traffic.js'
import { type Testbed, vips } from './testbed.js'

/** Room for all connections of a measurement that opens them as fast as it can. */
export const manyConnections = 2 ** 22

/** A director that stands in a testbed. */
export interface Standing {
  stop(): Promise<void>
}

/** Two services, DR and TUN, both with all real servers: what `ipvsadm -R` reads. */
export function rules(): string {
  const lines = Object.entries(vips).flatMap(([method, vip]) => [
    `-A -t ${vip}:${vport} -s wlc`,
    ...servers.map(({ rip }) => `-a -t ${vip}:${vport} -r ${rip}:${vport} ${method === 'route' ? '-g' : '-i'} -w 1`),
  ])
  return `${lines.join('\n')}\n`
}

export interface XlvsOptions {
  /** How XDP is attached; or raw: not at all. */
  readonly mode: 'native' | 'generic' | 'raw'
  /** Default: what `xlvs run` has. */
  readonly tableSize?: number
}

/** xlvs as an operator starts it. */
export async function startXlvs(bed: Testbed, { mode, tableSize }: XlvsOptions): Promise<Standing> {
  if (mode !== 'native') await bed.receiveInStack()
  const dataplane = mode === 'raw' ? ['--dataplane', 'raw'] : ['--xdp-mode', mode]
  const size = tableSize === undefined ? [] : ['--conn-table-size', String(tableSize)]
  const runtimeDirectory = bed.workspace.temporaryDirectory(bed.name)
  const director = new DirectorProcess(bed.namespace, {
    interfaces: bed.interfaces,
    pinDirectory: bed.workspace.pinPath(bed.name),
    runtimeDirectory,
    args: [...dataplane, '--log-level', 'error', ...size],
    readyWithinMs: 240_000,
  })
  await director.start()
  await director.script(`ipvsadm -R <<'END'\n${rules()}END\n`)
  const client = controlClient(runtimeDirectory)
  await waitFor('ways to all real servers', async () => (await client.status()).unresolved.length === 0, 30_000)
  return {
    stop: async () => {
      await client.down()
      await director.daemon.ended
    },
  }
}

/** Kernel IPVS, by the distribution's ipvsadm. */
export async function startIpvs(bed: Testbed): Promise<Standing> {
  await bed.receiveInStack()
  await bed.namespace.exec('/sbin/ipvsadm', ['-R'], { input: rules() })
  return { stop: async () => {} }
}

/** raw/bare.ts. */
export async function startBareSockets(bed: Testbed, by: 'addon' | 'npm'): Promise<Standing> {
  await bed.receiveInStack()
  const bare = bed.namespace.spawn(process.execPath, [checkoutFile('dist/bench/raw/bare.js'), by])
  await bare.says(/ready/)
  return { stop: async () => {} }
}

/** A program of bare.bpf.c. */
export async function startBare(bed: Testbed, program: string): Promise<Standing> {
  const pins = bed.workspace.pinPath(`${bed.name}-bare`)
  await bed.namespace.exec('bpftool', ['prog', 'loadall', checkoutFile('build/bench/bare.bpf.o'), pins])
  await bed.namespace.exec('bpftool', ['net', 'attach', 'xdpdrv', 'pinned', `${pins}/${program}`, 'dev', 'eth0'])
  return { stop: async () => {} }
}
