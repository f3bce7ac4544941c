import t from 'tap'
import { installation } from '../lib/installation.js'
import { labHolds, labTest, requestsHold } from '../lib/lab-test.js'
import { labs } from '../lib/labs.js'

const directorUnder = ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin', '--']

const withoutAddon = installation(t.testdir(), { addon: false })

for (const spec of labs) {
  await labTest(`${spec.title}, by raw sockets`, spec, labHolds, { directorArgs: ['--dataplane', 'raw'] })
  await labTest(
    `${spec.title}, without CAP_BPF`,
    spec,
    async (t, lab) => {
      const { dataplane, refusals, interfaces } = await lab.director.status()
      t.same({ dataplane, interfaces }, { dataplane: 'raw', interfaces: [{ name: 'eth0', mode: 'raw' }] })
      t.match(refusals, [{ what: 'XDP', reason: /lacks CAP_BPF, CAP_PERFMON/ }])
      t.match(lab.director.daemon.stderr, /"capability":"XDP".*"msg":"XDP cannot run here/)
      await requestsHold(t, lab)
    },
    { directorUnder },
  )
  await labTest(
    `${spec.title}, where the addon is not built`,
    spec,
    async (t, lab) => {
      t.match((await lab.director.status()).refusals, [{ what: 'native addon', reason: /cannot be loaded/ }])
      t.match(lab.director.daemon.stderr, /"msg":"the npm package raw-socket is used/)
      await labHolds(t, lab)
    },
    { directorCommand: withoutAddon },
  )
}
