import { existsSync } from 'node:fs'
import type { Test } from 'tap'
import { ask } from '../lib/http.js'
import type { Lab } from '../lib/lab.js'
import { dr } from '../lib/lab-dr.js'
import { labTest } from '../lib/lab-test.js'

await labTest('a second daemon on the same pin directory', dr, async (t, lab) => {
  const second = lab.director.spawn()
  t.teardown(() => second.kill())
  t.equal(await second.ends(), 1)
  t.match(second.stderr, new RegExp(lab.director.options.pinDirectory), 'the message names the pin directory')
  t.match(second.stderr, /already|another|in use/i)
  t.equal(second.stdout, '')
  t.ok(lab.director.daemon.running, 'the first goes on')
  t.same((await ask(lab.client.namespace, lab.url)).client, '192.168.0.50')
})

const cases = (['xdp', 'raw'] as const).flatMap((dataplane) =>
  (['running', 'killed'] as const).map((daemon) => ({ dataplane, daemon })),
)
for (const { dataplane, daemon } of cases) {
  const holds = async (t: Test, lab: Lab) => {
    const { director, client, url } = lab
    const running = await traces(lab)
    t.equal(running.programs.length, dataplane === 'xdp' ? 1 : 0)
    t.equal(existsSync(director.options.pinDirectory), dataplane === 'xdp')
    t.equal(running.ruleset !== '', dataplane === 'raw')
    await ask(client.namespace, url)

    if (daemon === 'killed') await director.end('SIGKILL')
    const down = await director.down()
    t.equal(down.status, 0, down.stderr)
    if (daemon === 'running') t.equal(await director.daemon.ends(), 0, director.daemon.stderr)

    const left = await traces(lab)
    t.same(left.programs, [], 'programs')
    t.same(left.addresses, running.addresses, 'links and addresses')
    t.equal(left.routes, running.routes, 'routes')
    t.equal(left.ruleset, '', 'nftables')
    t.notOk(existsSync(director.options.pinDirectory), 'pins')
    t.notOk(existsSync(director.options.runtimeDirectory), 'runtime directory')

    await t.rejects(ask(client.namespace, url), 'nothing forwards any more')
    t.equal((await director.down()).status, 0, 'a second time does no harm')
    await director.start()
    t.equal(await director.ipvsadm('-S -n'), '', 'a new one starts empty')
  }
  const name = `xlvs down with the ${dataplane} daemon ${daemon} leaves no trace`
  await labTest(name, dr, holds, { directorArgs: ['--dataplane', dataplane] })
}

/** What a director could have left on its host. */
async function traces({ directorHost: { namespace } }: Lab) {
  const links = await namespace.ipJson<{ readonly xdp?: object }[]>('address')
  return {
    programs: links.flatMap(({ xdp }) => (xdp ? [xdp] : [])),
    addresses: links.map(({ xdp, ...link }) => link),
    routes: await namespace.exec('ip', ['-json', 'route', 'show', 'table', 'all']),
    ruleset: await namespace.exec('nft', ['list', 'ruleset']),
  }
}
