/** Time of a small HTTP request: see bench/README.md. */
import { Workspace } from '../../test/lib/workspace.js'
import type { Session } from '../group.js'
import { hasIpvs } from '../ipvs-here.js'
import type { Sample } from '../sample.js'
import { buildPlace, type Way } from './place.js'
import { requests } from './wrk.js'

export async function latency({ quick, progress }: Session): Promise<readonly Sample[]> {
  const [rounds, seconds] = quick ? [3, 1] : [9, 3]
  const workspace = new Workspace()
  try {
    progress('network, nginx, directors')
    const { client, ways } = await buildPlace(workspace, hasIpvs())
    const samples: Sample[] = []
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`)
      for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
        const before = await way.packets()
        const { count, percentiles, perSecond } = await requests(client, way.url, seconds, workspace)
        await check(way, before, count)
        const of = { subject: way.subject, round }
        for (const [name, value] of Object.entries(percentiles))
          samples.push({ measure: name, ...of, value, unit: 'us' })
        samples.push({ measure: 'one after the other', ...of, value: perSecond, unit: 'requests/s' })
      }
    }
    return samples
  } finally {
    workspace.close()
  }
}

/** Requests go the way that they were to go: a director has to have seen a packet and an acknowledgement of each. */
async function check({ subject, packets, sees }: Way, before: number, count: number): Promise<void> {
  const seen = (await packets()) - before
  if (count === 0) throw new Error(`${subject}: no request was answered`)
  if (sees !== seen >= count) throw new Error(`${subject}: of ${count} requests the director saw ${seen} packets`)
}
