import type { Test } from 'tap'
import { ask } from '../lib/http.js'
import { realScript } from '../lib/ipvs-client.js'
import { parseList } from '../lib/ipvsadm-output.js'
import type { Lab } from '../lib/lab.js'
import type { LabSpec } from '../lib/lab-spec.js'
import { labTest } from '../lib/lab-test.js'
import { startNginx } from '../lib/nginx.js'

const segment = 'lan'

/** The classroom lab: an operator's script keeps the failed real servers out. */
const failover: LabSpec = {
  name: 'failover',
  title: 'DR with failing and returning real servers',
  vip: '172.25.0.100',
  vipDevice: 'eth0',
  scheduler: 'rr',
  client: { interfaces: [{ segment, address: '172.25.0.250/24' }] },
  director: { interfaces: [{ segment, address: '172.25.0.11/24' }] },
  routers: {},
  servers: [
    {
      name: 'server12',
      host: { interfaces: [{ segment, address: '172.25.0.12/24' }] },
      forwarding: 'route',
      weight: 1,
    },
    {
      name: 'server13',
      host: { interfaces: [{ segment, address: '172.25.0.13/24' }] },
      forwarding: 'route',
      weight: 1,
    },
  ],
}

/** One pass of the script's loop, as such scripts are written; note the -r without a port. */
const healthCheck = `
VIP=172.25.0.100
for RIP in 172.25.0.12 172.25.0.13; do
  if [ "$(curl -s -o /dev/null -m 1 -w '%{http_code}' http://$RIP/)" = 200 ]; then
    if [ $(ipvsadm -ln | grep -c $RIP) -eq 0 ]; then
      ipvsadm -a -t $VIP:80 -r $RIP:80 -g
    fi
  else
    if [ $(ipvsadm -ln | grep -c $RIP) -ne 0 ]; then
      ipvsadm -d -t $VIP:80 -r $RIP
    fi
  fi
done
`

for (const ipvsadm of ['ours', "the distribution's"] as const) {
  await labTest(`${failover.title}, by ipvsadm, ${ipvsadm}`, failover, (t, lab) => {
    const check = () => (ipvsadm === 'ours' ? lab.director.script(healthCheck) : realScript(lab.director, healthCheck))
    return keepsFailedOut(t, lab, check)
  })
}

async function keepsFailedOut(t: Test, lab: Lab, check: () => Promise<string>): Promise<void> {
  const [first, second] = lab.servers
  if (!first || !second) throw new Error('the lab has two real servers')
  const listed = async () => parseList(await lab.director.ipvsadm('-ln')).map(({ rip }) => rip)
  const answers = async () => {
    const servers = new Set<string>()
    for (let i = 0; i < 6; i++) servers.add((await ask(lab.client.namespace, lab.url)).server)
    return [...servers].sort()
  }

  await check()
  t.same(await listed(), ['172.25.0.12', '172.25.0.13'], 'both are there once')
  t.same(await answers(), ['server12', 'server13'])

  await second.web.process.stop()
  await check()
  t.same(await listed(), ['172.25.0.12'], 'the failed one is taken out')
  t.same(await answers(), ['server12'])

  await startNginx(second.host, lab.workspace.temporaryDirectory('server13-again'), lab.filesDirectory)
  await check()
  t.same(await listed(), ['172.25.0.12', '172.25.0.13'], 'the one that has returned is put in')
  t.same(await answers(), ['server12', 'server13'])
}
