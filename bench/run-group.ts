import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Workspace } from '../test/lib/workspace.js'
import { thisEnvironment } from './environment.js'
import { BenchError } from './error.js'
import type { Session } from './group.js'
import { groups } from './groups.js'
import type { GroupName, Sample, Section } from './sample.js'

/** Measures a group on this machine, in a namespace of its own if it sends load. */
export async function runGroup(name: GroupName, session: Session): Promise<Section> {
  const { ownNamespace, load } = groups[name]
  const samples = ownNamespace ? await inNamespace(name, session) : await (await load())(session)
  return { group: name, environment: thisEnvironment(), samples }
}

async function inNamespace(name: GroupName, { quick }: Session): Promise<readonly Sample[]> {
  const workspace = new Workspace()
  try {
    const namespace = await workspace.namespace('load')
    const script = fileURLToPath(new URL('inside.js', import.meta.url))
    const args = [`--net=/run/netns/${namespace.name}`, '--', process.execPath, script, name]
    const child = spawn('nsenter', quick ? [...args, '--quick'] : args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')])
    if (status !== 0) throw new BenchError(`${name}: it ended with status ${status}; see above`)
    return JSON.parse(output) as Sample[]
  } finally {
    workspace.close()
  }
}
