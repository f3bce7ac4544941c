/**
 * `npm run vm -- node dist/test/vm/netlink/measure-starts.js [TURNS]`: how long keepalived takes to start with many services,
 * against kernel IPVS and against xlvs.
 */
import { Workspace } from '../../lib/workspace.js'
import { KernelIpvs } from '../compare/kernel-ipvs.js'
import { Xlvs } from '../compare/xlvs.js'
import { startManyServices } from './many-services.js'

const turns = Number(process.argv[2] ?? 3)
const workspace = new Workspace()
const kernel = await KernelIpvs.start(workspace, 'ipvs')
const xlvs = await Xlvs.start(workspace, 'xlvs')
await startManyServices(workspace, kernel, xlvs, turns)
for (const subject of [kernel, xlvs]) await subject.close()
process.exit()
