import assert from 'node:assert/strict'
import { join } from 'node:path'
import { KeepalivedProcess } from '../../lib/keepalived-process.js'
import { attribute } from '../../lib/netlink-message.js'
import type { Namespace } from '../../lib/netns.js'
import { waitFor } from '../../lib/wait-for.js'
import type { Workspace } from '../../lib/workspace.js'
import type { KernelIpvs } from '../compare/kernel-ipvs.js'
import type { Result } from '../compare/run-case.js'
import type { Xlvs } from '../compare/xlvs.js'
import { Both } from './both.js'
import type { KernelEnd } from './kernel-end.js'
import type { NetlinkEnd } from './netlink-end.js'
import { address, be16, dumpFlags, ipvs, requestFlags, service } from './requests.js'
import { underLibrary } from './under-library.js'

const services = 500
const servers = ['10.0.0.11', '10.0.0.12'] as const
const firstPort = 1000
const portsOfVip = 50

const patienceMs = 180_000

interface Side {
  readonly name: string
  readonly namespace: Namespace
  readonly end: KernelEnd | NetlinkEnd
  readonly env: Readonly<Record<string, string>>
  readonly timesMs: number[]
}

/**
 * keepalived with 500 services, started against kernel IPVS and xlvs in turns: both end with the same services. How long it took
 * from its start until the last real server was there is printed, for a reader, with the ratio of the medians; it decides
 * nothing.
 * @param turns how often on each side.
 */
export async function startManyServices(
  workspace: Workspace,
  kernel: KernelIpvs,
  xlvs: Xlvs,
  turns = 1,
): Promise<Result> {
  const directory = workspace.temporaryDirectory('many-services')
  const both = await Both.open(kernel, xlvs)
  const sides: readonly [Side, Side] = [
    { name: 'kernel IPVS', namespace: kernel.namespace, end: both.kernel, env: {}, timesMs: [] },
    {
      name: 'xlvs',
      namespace: xlvs.namespace,
      end: both.director,
      env: underLibrary(xlvs.ipvsSocket),
      timesMs: [],
    },
  ]
  try {
    for (let turn = 0; turn < turns; turn++) {
      const saved: string[] = []
      for (const side of sides) saved.push(await start(side, join(directory, `${side.name}-${turn}`), turn === 0))
      assert.equal(saved[1], saved[0])
      if (turn === 0) assert.equal(saved[0]?.trim().split('\n').length, services * (1 + servers.length))
    }
    console.log(report(sides))
    return { passed: turns }
  } finally {
    both.close()
  }
}

/** Starts keepalived and ends it by force. @returns what `ipvsadm -Sn` prints, if it is asked for. */
async function start(side: Side, directory: string, saves: boolean): Promise<string> {
  const { namespace, end, env, timesMs } = side
  const keepalived = new KeepalivedProcess(namespace, { directory, env })
  keepalived.configure(configuration)
  const started = performance.now()
  // Its own word comes when all is there; what is asked for below may come before that, or after.
  const said = keepalived.start().catch(() => {})
  await waitFor('the last real server', async () => (await end.ask(last)).length > servers.length, patienceMs)
  timesMs.push(performance.now() - started)
  const saved = saves ? await namespace.exec('/usr/sbin/ipvsadm', ['-Sn'], { env, timeoutMs: patienceMs }) : ''
  await said
  await keepalived.kill()
  await end.ask(ipvs('FLUSH', requestFlags))
  return saved
}

function report(sides: readonly Side[]): string {
  const medians = sides.map(({ timesMs }) => timesMs.toSorted((a, b) => a - b)[timesMs.length >> 1] ?? Number.NaN)
  const lines = sides.map(({ name, timesMs }) => `${name}: ${timesMs.map((time) => time.toFixed(0)).join(' ')} ms`)
  const ratio = (medians[1] ?? 0) / (medians[0] ?? 1)
  return `keepalived starts with ${services} services. ${lines.join('; ')}. xlvs / kernel IPVS: ${ratio.toFixed(2)}`
}

const vips = Array.from({ length: services / portsOfVip }, (_, i) => `192.0.2.${240 + i}`)
const ports = Array.from({ length: portsOfVip }, (_, i) => firstPort + i)

const configuration = `global_defs {\n    router_id many\n}\n${vips
  .flatMap((vip) => ports.map((port) => serviceBlock(vip, port)))
  .join('')}`

function serviceBlock(vip: string, port: number): string {
  const blocks = servers.map((rip, i) => `    real_server ${rip} ${port} {\n        weight ${i + 1}\n    }\n`)
  const lines = ['delay_loop 6', 'lb_algo wrr', 'lb_kind DR', 'protocol TCP'].map((line) => `    ${line}\n`)
  return `\nvirtual_server ${vip} ${port} {\n${lines.join('')}${blocks.join('')}}\n`
}

/** The real servers of the last service: keepalived adds one service after the other. */
const last = ipvs(
  'GET_DEST',
  dumpFlags,
  service({ addr: attribute(3, address(vips.at(-1) ?? '')), port: attribute(4, be16(ports.at(-1) ?? 0)) }),
)
