/** A process of the suite (main.ts): gets one {@link JobRequest} after the other, answers each with its {@link Result}. */
import { Workspace } from '../../lib/workspace.js'
import { meantDifferences } from './differences.js'
import { type JobRequest, jobFor } from './jobs.js'
import { Lane } from './lane.js'

const workspace = new Workspace()
const lane = new Lane(workspace, meantDifferences())

process.on('message', async (request: JobRequest) => {
  process.send?.(await jobFor(request).run(lane, workspace))
})
process.once('disconnect', async () => {
  await lane.close()
  process.exit()
})
