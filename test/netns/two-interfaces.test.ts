import { ask } from '../lib/http.js'
import type { LabSpec } from '../lib/lab-spec.js'
import { labTest, uploadsHold } from '../lib/lab-test.js'

/** Clients behind one interface of the director, real servers behind the other; they answer by a router beside it. */
const between: LabSpec = {
  name: 'between',
  title: 'The director between two segments',
  vip: '192.168.0.1',
  vipDevice: 'eth0',
  scheduler: 'rr',
  client: { interfaces: [{ segment: 'outside', address: '192.168.0.50/24' }] },
  director: {
    interfaces: [
      { segment: 'outside', address: '192.168.0.10/24' },
      { segment: 'inside', address: '10.0.0.10/24' },
    ],
  },
  routers: {
    router: {
      interfaces: [
        { segment: 'outside', address: '192.168.0.254/24' },
        { segment: 'inside', address: '10.0.0.254/24' },
      ],
    },
  },
  servers: [
    {
      name: 'routed',
      host: { interfaces: [{ segment: 'inside', address: '10.0.0.1/24' }], gateway: '10.0.0.254' },
      forwarding: 'route',
      weight: 1,
    },
    {
      name: 'tunnelled',
      host: { interfaces: [{ segment: 'inside', address: '10.0.0.2/24' }], gateway: '10.0.0.254' },
      forwarding: 'tunnel',
      weight: 1,
    },
  ],
}

await labTest(between.title, between, async (t, lab) => {
  const answers = []
  for (let i = 0; i < 4; i++) answers.push((await ask(lab.client.namespace, lab.url)).server)
  t.same(answers.sort(), ['routed', 'routed', 'tunnelled', 'tunnelled'])
  const { verdicts } = await lab.director.status()
  t.ok((verdicts.route_redirect ?? 0) > 0 && (verdicts.tunnel_redirect ?? 0) > 0, JSON.stringify(verdicts))
  t.same([verdicts.route_tx, verdicts.tunnel_tx], [0, 0], 'nothing goes back to where clients are')
  await uploadsHold(t, lab)
})
