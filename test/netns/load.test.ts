import { parseList } from '../lib/ipvsadm-output.js'
import { dr } from '../lib/lab-dr.js'
import { labTest, statsOf } from '../lib/lab-test.js'
import { waitFor } from '../lib/wait-for.js'

const wanted = 100_000
const roundS = 5
const maxRounds = 20

await labTest('a hundred thousand connections opened and closed', dr, async (t, lab) => {
  const { client, director, url } = lab
  await director.ipvsadm('--set 60 2 300')
  await client.namespace.sysctl({ 'net.ipv4.ip_local_port_range': '1024 65535' })

  let requests = 0
  let rounds = 0
  for (; requests < wanted && rounds < maxRounds; rounds++) {
    const args = ['-t', '1', '-c', '64', '-d', `${roundS}s`, '-H', 'Connection: close', `${url}load`]
    const report = await client.namespace.exec('wrk', args)
    requests += Number(/(\d+) requests in/.exec(report)?.[1] ?? 0)
    const errors = /Socket errors: (.*)/.exec(report)?.[1] ?? 'none'
    t.notMatch(report, /Non-2xx/, 'every answer is a 200')
    t.comment(`round ${rounds + 1}: ${requests} requests so far, socket errors: ${errors}`)
  }
  t.ok(requests >= wanted, `${requests} requests, each on its own connection, in ${rounds} rounds of ${roundS} s`)

  const stats = await statsOf(lab)
  const sum = stats.servers.reduce((sum, { conns }) => sum + conns, 0)
  t.equal(sum, stats.conns, "the service's connections are those of its real servers")
  // A port used again while its last connection is in FIN_WAIT continues that entry: IPVS's default.
  t.ok(stats.conns > 0 && stats.inPackets > 4 * requests, `${stats.conns} entries, ${stats.inPackets} packets`)

  // What wrk leaves half open when it stops has 60 s to go, and so has a connection whose RST got lost then.
  await waitFor(
    'all counts of ipvsadm -Ln to be 0',
    async () => {
      const servers = parseList(await director.ipvsadm('-Ln'))
      return servers.length === 2 && servers.every(({ active, inactive }) => active === 0 && inactive === 0)
    },
    90_000,
  )
  const { connections } = await director.status()
  t.equal(connections.inUse, 0, 'no slot of the table is in use')
  t.same((await director.ipvsadm('-Lnc')).trim().split('\n').slice(2), [], 'no connection is listed')
})
