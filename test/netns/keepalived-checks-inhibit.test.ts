import type { Test } from 'tap'
import { answers } from '../lib/answers.js'
import { healthCheck, virtualServer } from '../lib/checks-conf.js'
import { type CheckedServerName, type ChecksLab, ripOf, startChecks, vip } from '../lib/checks-lab.js'
import { checksTest } from '../lib/checks-test.js'
import { download } from '../lib/http.js'
import { loggedCommands } from '../lib/logged-commands.js'
import { writeRandomFile } from '../lib/random-file.js'
import { sameListings } from '../lib/same-listings.js'
import { listed, weightsAre } from '../lib/service-weights.js'

const [ofService, ofServer] = [8001, 8002]
const urlOf = (port: number) => `http://${vip}:${port}/`
const inhibit = 'inhibit_on_failure'
/** What curl ends with. */
const connectionRefused = 7

await checksTest('inhibit_on_failure', { ports: { plain: [ofService, ofServer] } }, async (t, lab) => {
  const { server1, server2 } = lab.servers
  for (const server of [server1, server2]) server.report('web')
  await startChecks(lab, conf(lab))

  await t.test('a download goes on from a server that fails its check', (t) => downloadGoesOn(t, lab))

  await t.test('for a real server alone', async (t) => {
    server1.retract('web')
    server2.retract('web')
    await weightsAre(lab, `TCP ${vip}:${ofServer}`, { server1: 0 })
    await weightsAre(lab, `TCP ${vip}:${ofService}`, { server1: 0, server2: 0 })
    for (const port of [ofService, ofServer]) {
      const { status } = await lab.client.namespace.try('curl', ['--silent', '--max-time', '5', urlOf(port)])
      t.equal(status, connectionRefused, 'nobody has a weight: requests are refused')
    }
    await sameListings(t, lab)
    server1.report('web')
    server2.report('web')
    for (const port of [ofService, ofServer]) {
      await weightsAre(lab, `TCP ${vip}:${port}`, { server1: 1, server2: 1 })
      t.strictSame(
        await answers(lab.client.namespace, urlOf(port), 10),
        { server1: 5, server2: 5 },
        'all is well again',
      )
    }
  })
})

async function downloadGoesOn(t: Test, lab: ChecksLab): Promise<void> {
  // More than the buffers of both ends hold.
  const megabytes = 40
  const sha256 = writeRandomFile(`${lab.filesDirectory}/big`, megabytes)
  const service = `TCP ${vip}:${ofService}`
  await weightsAre(lab, service, { server1: 1, server2: 1 })
  const active = async () => ((await listed(lab, service)) ?? []).filter(({ active }) => active === 1)
  let busy: CheckedServerName = 'server1'
  let idle: CheckedServerName = 'server2'
  const fails = async () => {
    const [{ rip } = { rip: '' }, ...others] = await active()
    t.strictSame(others, [], 'one server has a connection')
    if (rip === ripOf(lab, 'server2')) [busy, idle] = [idle, busy]
    lab.servers[busy].retract('web')
    await weightsAre(lab, service, { [busy]: 0, [idle]: 1 })
    const seen = await answers(lab.client.namespace, urlOf(ofService), 10)
    t.strictSame(seen, { [idle]: 10 }, 'new requests go to the other server')
  }
  const done = await download(lab.client.namespace, `${urlOf(ofService)}files/big`, [[1e6, fails]])
  t.same(done, { bytes: megabytes * 1e6, sha256 }, 'the file is whole')
  lab.servers[busy].report('web')
  await weightsAre(lab, service, { server1: 1, server2: 1 })
  const removals = loggedCommands(lab.xlvs, ofService).filter((command) => command.startsWith('delete-server'))
  t.strictSame(removals, [], 'no server was removed')
}

function conf(lab: ChecksLab): string {
  const service = (port: number, lines: string, linesOfServer1: string) =>
    virtualServer({
      of: `${vip} ${port}`,
      port,
      lines,
      servers: [
        { rip: ripOf(lab, 'server1'), lines: `${healthCheck('web', port)}\n ${linesOfServer1}` },
        { rip: ripOf(lab, 'server2'), lines: healthCheck('web', port) },
      ],
    })
  return service(ofService, inhibit, '') + service(ofServer, '', inhibit)
}
