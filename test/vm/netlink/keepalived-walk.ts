import assert from 'node:assert/strict'
import { join } from 'node:path'
import { KeepalivedProcess } from '../../lib/keepalived-process.js'
import { waitFor } from '../../lib/wait-for.js'
import type { Workspace } from '../../lib/workspace.js'
import type { KernelIpvs } from '../compare/kernel-ipvs.js'
import type { Result } from '../compare/run-case.js'
import type { Xlvs } from '../compare/xlvs.js'
import { Both } from './both.js'
import { Switches } from './switches.js'
import { Tee } from './tee.js'
import { underLibrary } from './under-library.js'
import { walkConfs } from './walk-conf.js'

/** How long keepalived may take for a step where the processor is emulated: checks begin seconds after its start. */
const patienceMs = 120_000

const servers = ['10.0.0.11', '10.0.0.12', '10.0.0.13', '10.0.0.15', '172.16.0.21', '172.16.0.22']

/** What an operator looks at. */
const looks = ['-Ln --stats', '-Ln --timeout', '-Ln -t 192.0.2.240:80']

/** One part of keepalived's life: what is done, and requests that come of it, in any order, before the next part begins. */
interface Part {
  readonly name: string
  act(): void | Promise<void>
  readonly requests: readonly RegExp[]
}

/**
 * keepalived starts, real servers fail and return, it reloads and stops; ipvsadm looks on. Each request that either sends is
 * given to both directors.
 */
export async function walkKeepalived(workspace: Workspace, kernel: KernelIpvs, xlvs: Xlvs): Promise<Result> {
  const directory = workspace.temporaryDirectory('keepalived-walk')
  const switches = new Switches(directory, servers)
  const confs = walkConfs(switches)
  const both = await Both.open(kernel, xlvs)
  const path = join(directory, 'ipvs.sock')
  const tee = await Tee.listen(path, both)
  const env = underLibrary(path)
  const keepalived = new KeepalivedProcess(xlvs.namespace, { directory: join(directory, 'keepalived'), env })
  keepalived.configure(confs.first)
  const look = async () => {
    for (const line of looks) await xlvs.namespace.exec('/usr/sbin/ipvsadm', line.split(' '), { env })
  }
  const parts: readonly Part[] = [
    {
      name: 'start',
      act: () => {
        // The requests are waited for, not its word.
        keepalived.start().catch(() => {})
      },
      requests: [/^GET_INFO/, /^NEW_SERVICE udp \S+:53 wrr$/, /^NEW_DEST .*:8081 lc -> 10\.0\.0\.12:\d+ w1$/],
    },
    { name: 'ipvsadm', act: look, requests: [/^GET_SERVICE/, /^GET_DEST/] },
    {
      name: 'servers fail',
      act: () => switches.turn(1, '10.0.0.11', '10.0.0.13', '172.16.0.22'),
      requests: [
        /^DEL_DEST .*:80 .*-> 10\.0\.0\.11:80/,
        /^SET_DEST .*:80 .*-> 10\.0\.0\.13:80 w0/,
        /^DEL_DEST .*:443 .*-> 172\.16\.0\.22:443/,
      ],
    },
    {
      name: 'the others, too',
      act: () => switches.turn(1, '10.0.0.12', '172.16.0.21'),
      requests: [/^NEW_DEST .*:80 .*-> 10\.0\.0\.14:80/, /^(NEW|SET)_DEST .*:443 .*-> 127\.0\.0\.1:443/],
    },
    {
      name: 'they return',
      act: () => switches.turn(0, ...servers),
      requests: [
        /^DEL_DEST .*:80 .*-> 10\.0\.0\.14:80/,
        /^SET_DEST .*:80 .*-> 10\.0\.0\.13:80 w2/,
        /^(DEL|SET)_DEST .*:443 .*-> 127\.0\.0\.1:443/,
        // All that have failed for sure, or the parts that follow would be of other requests.
        ...[11, 12].map((host) => new RegExp(`^NEW_DEST .*:80 .*-> 10\\.0\\.0\\.${host}:80 `)),
        ...[21, 22].map((host) => new RegExp(`^NEW_DEST .*:443 .*-> 172\\.16\\.0\\.${host}:443 `)),
      ],
    },
    {
      name: 'a check changes a weight',
      act: () => switches.turn(11, '172.16.0.21'),
      requests: [/^SET_DEST .*:443 .*-> 172\.16\.0\.21:443 w9/],
    },
    {
      name: 'reload',
      act: () => {
        keepalived.configure(confs.second)
        keepalived.signal('SIGHUP')
      },
      requests: [
        /^SET_SERVICE .*:80 wrr$/,
        /^SET_DEST .*:80 .*-> 10\.0\.0\.11:80 w4/,
        /^DEL_SERVICE udp .*:53/,
        /^NEW_DEST .*:80 wlc -> 172\.16\.0\.22/,
      ],
    },
    { name: 'ipvsadm again', act: look, requests: [/^GET_SERVICE/, /^GET_DEST/] },
    { name: 'stop', act: () => keepalived.stop(), requests: [/^DEL_SERVICE .*:443/, /^DEL_SERVICE .*:8081/] },
  ]
  try {
    for (const part of parts) await walk(part, both, keepalived)
    const [expected, actual] = [await kernel.print(['-Sn']), await xlvs.print(['-Sn'])]
    assert.deepEqual(actual, expected)
    return both.result()
  } finally {
    tee.close()
    both.close()
  }
}

async function walk({ name, act, requests }: Part, both: Both, keepalived: KeepalivedProcess): Promise<void> {
  const before = both.exchanges.length
  await act()
  const missing = () => {
    const sent = both.requests.slice(before)
    return requests.filter((pattern) => !sent.some((each) => pattern.test(each)))
  }
  try {
    await waitFor('the requests', () => missing().length === 0, patienceMs)
  } catch (cause) {
    const sent = both.requests.slice(before).join('\n')
    throw new Error(`keepalived, ${name}: no ${missing().join(', ')} in\n${sent}\n${keepalived.log}`, { cause })
  }
}
