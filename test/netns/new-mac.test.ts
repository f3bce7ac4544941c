import { ask } from '../lib/http.js'
import { dr } from '../lib/lab-dr.js'
import { labTest, sendAllTo } from '../lib/lab-test.js'
import { waitFor } from '../lib/wait-for.js'

const newMac = '02:00:00:00:00:99'

await labTest('a real server comes back with a new MAC', dr, async (t, lab) => {
  const [server] = lab.servers
  if (!server) throw new Error('the lab has no real server')
  await sendAllTo(lab, server.spec.name)
  await ask(lab.client.namespace, lab.url)

  // Nothing is announced: net.ipv4.conf.*.arp_notify is 0.
  await server.host.namespace.ip([`link set eth0 address ${newMac}`])
  const startedAt = performance.now()
  const answer = await waitFor('an answer', () => ask(lab.client.namespace, lab.url, { timeoutMs: 500 }), 5000)
  t.equal(answer.server, server.spec.name)
  t.comment(`answers again after ${Math.round(performance.now() - startedAt)} ms`)
})
