import { BpfMap } from '../../src/bpf/index.js'
import { serverCountsLayout, tableStatsLayout } from '../../src/dataplane/tables/layout.gen.js'
import { fromBytes } from '../../src/dataplane/tables/layout-fields.js'
import { ask } from '../lib/http.js'
import { dr } from '../lib/lab-dr.js'
import { labTest } from '../lib/lab-test.js'
import { waitFor } from '../lib/wait-for.js'

const requests = 8

await labTest('connections expire and leave the counts with the daemon dead', dr, async (t, lab) => {
  const { director, client, url } = lab
  const { pinDirectory } = director.options
  await director.ipvsadm('--set 3 3 3')
  const statsMap = BpfMap.openPinned(`${pinDirectory}/maps/table_stats`)
  const countsMap = BpfMap.openPinned(`${pinDirectory}/maps/server_counts`)
  t.teardown(() => {
    statsMap.close()
    countsMap.close()
  })
  const expired = () => {
    const { values } = statsMap.lookupAll()
    let sum = 0
    for (let cpu = 0; cpu * tableStatsLayout.size < values.length; cpu++) {
      sum += Number(fromBytes(tableStatsLayout, values, cpu).expired)
    }
    return sum
  }
  const counted = () => {
    const { values } = countsMap.lookupAll()
    let sum = 0
    for (let server = 0; server < 16; server++) {
      const { active, inactive } = fromBytes(serverCountsLayout, values, server)
      sum += active + inactive
    }
    return sum
  }

  for (let i = 0; i < requests; i++) await ask(client.namespace, url)
  await director.end('SIGKILL')
  t.equal(counted() + expired(), requests, 'each connection is counted, or has expired by now')
  await waitFor('the connections to expire', () => counted() === 0, 20_000)
  t.equal(expired(), requests, 'each expired once')

  await director.start()
  const { connections } = await director.status()
  t.match(connections, { inUse: 0, expired: requests })
})
