import { cpSync } from 'node:fs'
import { answers } from '../lib/answers.js'
import { checkoutFile } from '../lib/checkout.js'
import { vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { sameListings } from '../lib/same-listings.js'
import { weightsAre } from '../lib/service-weights.js'
import { waitFor } from '../lib/wait-for.js'

/** What the file says, in ipvsadm's words, but for the old shop by NAT. */
const rules = `\
-A -t 172.26.0.100:80 -s rr
-a -t 172.26.0.100:80 -r 172.26.0.11:80 -g -w 1
-a -t 172.26.0.100:80 -r 172.26.0.12:80 -g -w 1
-A -t 172.26.0.100:443 -s wrr
-a -t 172.26.0.100:443 -r 172.26.0.11:443 -g -w 2
-a -t 172.26.0.100:443 -r 172.26.0.12:443 -g -w 1
`

const [http, https] = [`TCP ${vip}:80`, `TCP ${vip}:443`]

/** What keepalived has to say of the file itself: so it is as old as it looks. */
const complaints = [
  "Unknown keyword 'nat_mask'",
  'nb_get_retry is deprecated',
  '(VI_1) Specifying lvs_sync_daemon_interface against a vrrp is deprecated',
]

await checksTest(
  'a keepalived.conf that has seen years',
  { ports: { plain: [80], tls: [443] }, vipsByVrrp: true },
  async (t, lab) => {
    const { server1, server2 } = lab.servers
    for (const server of [server1, server2]) server.report('web')
    cpSync(checkoutFile('test/netns/keepalived-wild'), lab.keepalived.options.directory, { recursive: true })
    await lab.xlvs.start()
    await lab.keepalived.start()
    const web = (count: number) => answers(lab.client.namespace, `http://${vip}/`, count)
    const shop = (count: number) => answers(lab.client.namespace, `https://${vip}/`, count)
    await waitFor('the VIP to be taken', () => /setting VIPs/.test(lab.keepalived.log))

    await t.test('works', async (t) => {
      await waitFor('all real servers to be in', async () => (await realIpvsadm(lab.xlvs, '-Sn')) === rules)
      t.strictSame(await web(10), { server1: 5, server2: 5 })
      t.strictSame(await shop(9), { server1: 6, server2: 3 })
      await sameListings(t, lab)
      for (const complaint of complaints) t.ok(lab.keepalived.log.includes(complaint), complaint)
      t.match(lab.xlvs.log, /"tcp 172.26.0.100:1358","feature":"persistence/, 'the old shop is refused')
      await waitFor('the sync daemon to be refused', () => lab.xlvs.log.includes('"sync daemon"'))
    })
    await t.test('a real server dies', async (t) => {
      await server1.stopWeb()
      await weightsAre(lab, http, { server2: 1 })
      await weightsAre(lab, https, { server1: 0, server2: 1 })
      t.strictSame(await web(10), { server2: 10 })
      t.strictSame(await shop(10), { server2: 10 })
    })
    await t.test('the other dies, too', async (t) => {
      await server2.stopWeb()
      await weightsAre(lab, http, { sorry: 1 })
      await weightsAre(lab, https, { server1: 0 })
      t.strictSame(await web(10), { sorry: 10 })
    })
    await t.test('both return', async (t) => {
      await server1.startWeb()
      await server2.startWeb()
      await waitFor('all real servers to be in', async () => (await realIpvsadm(lab.xlvs, '-Sn')) === rules)
      t.strictSame(await web(10), { server1: 5, server2: 5 })
      t.strictSame(await shop(9), { server1: 6, server2: 3 })
      await sameListings(t, lab)
    })
  },
)
