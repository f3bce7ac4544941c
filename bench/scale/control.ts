/** What services and real servers cost the daemon: time to apply a file and one change, and memory. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { BpfMap } from '../../src/bpf/index.js'
import { controlClient } from '../../src/cli/client.js'
import { DirectorProcess } from '../../test/lib/director-process.js'
import { runIpvsadm } from '../../test/lib/run-ipvsadm.js'
import { waitFor } from '../../test/lib/wait-for.js'
import { Workspace } from '../../test/lib/workspace.js'
import type { Session } from '../group.js'
import { memoryOf } from '../memory.js'
import type { Sample } from '../sample.js'
import { median } from '../statistics.js'
import { dip, machines, serversOf, vipOf, vport } from '../traffic.js'

const mebibyte = 2 ** 20
/** Changes that are timed, one at a time. */
const changes = 20
/** Services of the case whose figures are held against targets. */
const largest = 10_000
/** Without commands or packets: the daemon gives memory back soon after a large change. */
const restMs = 5000

interface Size {
  readonly services: number
  readonly servers: number
}

export async function controlCost({ quick, progress }: Session): Promise<Sample[]> {
  const sizes: Size[] = quick
    ? [{ services: largest, servers: 4 }]
    : [...[1, 10, 100, 1000, largest].map((services) => ({ services, servers: 4 })), { services: 1, servers: 1000 }]
  const samples: Sample[] = []
  for (const size of sizes) {
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      progress(`xlvs run with ${size.services.toLocaleString('en-US')} services of ${size.servers} real servers`)
      for (const figure of await measure(size)) samples.push({ ...figure, subject: 'xlvs', ...size, round })
    }
  }
  return samples
}

type Figure = Pick<Sample, 'measure' | 'value' | 'unit'>

async function measure(size: Size): Promise<Figure[]> {
  const workspace = new Workspace()
  try {
    const { director, runtimeDirectory, pinDirectory } = await start(workspace)
    const file = join(workspace.directory, 'rules')
    writeFileSync(file, rules(size))
    const client = controlClient(runtimeDirectory)

    const apply = await timed(() => director.script(`ipvsadm -R <${file}\n`))
    await waitFor('all ways to be known', async () => (await client.status()).unresolved.length === 0, 30_000)
    const status = await client.status()
    if (status.services !== size.services)
      throw new Error(`${status.services} services of ${size.services} were applied`)

    const middle = size.services >> 1
    const edit = (weight: number) => `-e -t ${vipOf(middle)}:${vport} -r ${ripOf(size, middle, 0)} -g -w ${weight}`
    const times: number[] = []
    for (let i = 0; i < changes; i++) {
      times.push(await timed(() => change(edit(i), runtimeDirectory)))
    }
    const command = await timed(() => director.ipvsadm(edit(changes)))
    return [
      { measure: 'apply a file', value: apply, unit: 'ms' },
      { measure: 'one change', value: median(times), unit: 'ms' },
      { measure: 'one change, with the start of the command', value: command, unit: 'ms' },
      ...memory(director.daemon.pid, pinDirectory),
      ...(size.services === largest ? await memoryAtRest(director.daemon.pid) : []),
    ]
  } finally {
    workspace.close()
  }
}

async function start(workspace: Workspace) {
  const namespace = await workspace.namespace('director')
  await namespace.ip([
    'link add eth0 type veth peer name wire',
    'link set wire up',
    'link set eth0 up',
    `address add ${dip}/16 dev eth0`,
    ...serversOf(machines).map(({ rip, mac }) => `neighbour add ${rip} lladdr ${mac} dev eth0 nud permanent`),
  ])
  const [runtimeDirectory, pinDirectory] = [workspace.temporaryDirectory('run'), workspace.pinPath('director')]
  const args = ['--log-level', 'error']
  const director = new DirectorProcess(namespace, { interfaces: ['eth0'], pinDirectory, runtimeDirectory, args })
  await director.start()
  return { director, runtimeDirectory, pinDirectory }
}

/** What `ipvsadm -S -n` would print. */
function rules(size: Size): string {
  const lines: string[] = []
  for (let i = 0; i < size.services; i++) {
    const service = `-t ${vipOf(i)}:${vport}`
    lines.push(`-A ${service} -s wlc`)
    for (let j = 0; j < size.servers; j++) lines.push(`-a ${service} -r ${ripOf(size, i, j)}:${vport} -g -w 1`)
  }
  return `${lines.join('\n')}\n`
}

const rips = serversOf(machines).map(({ rip }) => rip)

/** The j-th real server of the i-th service. */
function ripOf({ servers }: Size, i: number, j: number): string {
  return rips[(i * servers + j) % rips.length] as string
}

/** One command, by the function that bin/ipvsadm calls: without the start of a process. */
async function change(line: string, runtimeDir: string): Promise<void> {
  const { status, stderr } = await runIpvsadm(line.split(' '), { runtimeDir })
  if (status !== 0) throw new Error(`ipvsadm ${line}: ${stderr}`)
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await action()
  return performance.now() - started
}

/** Of a process as the kernel adds it up (smaps_rollup in proc(5)), in MiB. */
function residentOf(pid: number): { all: number; shared: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mebibytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) / 1024
  return { all: mebibytes('Rss'), shared: mebibytes('Shared_Clean') + mebibytes('Shared_Dirty') }
}

/** Of the daemon, and of its maps in the kernel. */
function memory(pid: number, pinDirectory: string): Figure[] {
  const { all, shared } = residentOf(pid)
  const directory = join(pinDirectory, 'maps')
  const maps = readdirSync(directory).map((name) => BpfMap.openPinned(join(directory, name)))
  const inKernel = maps.reduce((sum, map) => sum + memoryOf(map), 0)
  for (const map of maps) map.close()
  return [
    { measure: 'resident memory of the daemon', value: all, unit: 'MiB' },
    { measure: 'shared part of it', value: shared, unit: 'MiB' },
    { measure: 'kernel memory of the maps', value: inKernel / mebibyte, unit: 'MiB' },
  ]
}

async function memoryAtRest(pid: number): Promise<Figure[]> {
  await setTimeout(restMs)
  return [{ measure: 'resident memory of the daemon, at rest', value: residentOf(pid).all, unit: 'MiB' }]
}
