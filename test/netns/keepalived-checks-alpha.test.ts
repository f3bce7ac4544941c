import { answers } from '../lib/answers.js'
import { healthCheck, virtualServer } from '../lib/checks-conf.js'
import { type ChecksLab, ripOf, startChecks, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { realIpvsadm } from '../lib/ipvs-client.js'
import { loggedCommands } from '../lib/logged-commands.js'
import { NotifyScript } from '../lib/notify-script.js'
import { weightsAre } from '../lib/service-weights.js'
import { waitFor } from '../lib/wait-for.js'

const [cautious, hopeful] = [8001, 8002]

await checksTest('alpha and omega', { ports: { plain: [cautious, hopeful] } }, async (t, lab) => {
  const script = new NotifyScript(lab)
  // server1 is ill from the beginning.
  lab.servers.server2.report('web')
  await startChecks(lab, conf(lab, script, cautious, 'alpha\n omega') + conf(lab, script, hopeful, ''))
  for (const port of [cautious, hopeful]) {
    await weightsAre(lab, `TCP ${vip}:${port}`, { server2: 1 })
    t.strictSame(await answers(lab.client.namespace, `http://${vip}:${port}/`, 4), { server2: 4 })
  }

  const [one, two] = [ripOf(lab, 'server1'), ripOf(lab, 'server2')]
  const commands = (port: number) => loggedCommands(lab.xlvs, port)
  await t.test('with alpha a server is in when it has passed its check', async (t) => {
    t.strictSame(commands(cautious), ['add-service', `add-server ${two}`])
    await waitFor('its scripts', () => script.calls(cautious).length === 2)
    t.strictSame(script.calls(cautious).sort(), [`quorum up: ${two}`, `server2 up: ${two}`])
  })
  await t.test('without it when keepalived starts', async (t) => {
    const first = ['add-service', `add-server ${one}`, `add-server ${two}`, `delete-server ${one}`]
    t.strictSame(commands(hopeful), first)
    await waitFor('its scripts', () => script.calls(hopeful).length === 2)
    t.strictSame(words(script.calls(hopeful)), ['quorum up', 'server1 down'])
  })

  await lab.keepalived.stop()
  t.equal(await realIpvsadm(lab.xlvs, '-Sn'), '', 'when keepalived has ended its services are gone')
  await t.test('with omega the scripts are called at the end as well', async (t) => {
    await waitFor('its scripts', () => script.calls(cautious).length === 4)
    t.strictSame(words(script.calls(cautious).slice(2)), ['quorum down', 'server2 down'])
    t.strictSame(words(script.calls(hopeful)), ['quorum up', 'server1 down'], 'without it they are not')
  })
})

/** Calls without what they have seen. */
function words(calls: readonly string[]): string[] {
  return calls.map((call) => call.split(':')[0] ?? '').sort()
}

function conf(lab: ChecksLab, script: NotifyScript, port: number, mode: string): string {
  const servers = (['server1', 'server2'] as const).map((name) => ({
    rip: ripOf(lab, name),
    lines: `${healthCheck('web', port)}\n ${script.lines('notify', port, name)}`,
  }))
  const lines = `${mode}\n ${script.lines('quorum', port, 'quorum')}`
  return virtualServer({ of: `${vip} ${port}`, port, lines, servers })
}
