import type { Workspace } from '../../lib/workspace.js'
import type { KernelIpvs } from '../compare/kernel-ipvs.js'
import type { Result } from '../compare/run-case.js'
import type { Xlvs } from '../compare/xlvs.js'
import { Both } from './both.js'
import { refusedRequests } from './refused-requests.js'
import { dest, dumpFlags, ipvs, requestFlags, service } from './requests.js'

/** What is there before each group of requests. */
const setup = [
  ipvs('FLUSH', requestFlags),
  ipvs('NEW_SERVICE', requestFlags, service()),
  ipvs('NEW_DEST', requestFlags, service(), dest()),
]
/** What is there after them. */
const look = [ipvs('GET_SERVICE', dumpFlags), ipvs('GET_DEST', dumpFlags, service())]

/** Gives both directors requests that are wrong in some way; answers are the same, and what is there then. */
export async function compareRefusals(_: Workspace, kernel: KernelIpvs, xlvs: Xlvs): Promise<Result> {
  const both = await Both.open(kernel, xlvs)
  try {
    for (const requests of refusedRequests) await both.askAll([...setup, ...requests, ...look])
    await both.ask(ipvs('FLUSH', requestFlags))
    return both.result()
  } finally {
    both.close()
    for (const subject of [kernel, xlvs]) await subject.ipvsadm(['--set', '900', '120', '300'])
  }
}
