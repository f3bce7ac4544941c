import t from 'tap'
import { segment, server, web } from '../../bpf/director-fixture.js'
import { ModuleDirector } from '../../lib/module-director.js'

t.test('a service that the kernel does not let go has its address still', async (t) => {
  const director = new ModuleDirector()
  const alone = { ...web, vip: '192.0.2.11' }
  const shared = [web, { ...web, vport: 443 }] as const
  for (const service of [alone, ...shared]) director.install(service, [server(1)])
  const { services } = director.maps
  const [before, { delete: remove }] = [[...director.dataplane.services()], services]
  services.delete = () => {
    throw new Error('no memory')
  }
  for (const service of [alone, shared[0]]) t.throws(() => director.remove(service), { message: 'no memory' })
  services.delete = remove
  t.same([...director.dataplane.services()], before)
  const fragmentsFor = (destination: string) => director.send(segment('S', 1, { mf: true, destination })).verdict
  director.remove(shared[1])
  t.equal(fragmentsFor(alone.vip), 'drop_fragment')
  t.equal(fragmentsFor(web.vip), 'drop_fragment', 'another service of the address may go')
  for (const service of [alone, web]) director.remove(service)
  t.equal(fragmentsFor(alone.vip), 'pass_fragment')
  t.equal(fragmentsFor(web.vip), 'pass_fragment')
})

t.test('while slots are scarce a removed server has its own for a second more', async (t) => {
  const director = new ModuleDirector()
  const moreThanHalf = director.maps.realServers.info.maxEntries / 2 + 1
  const servers = Array.from({ length: moreThanHalf }, (_, i) => server(i === 0 ? 2 : 1, { rport: 1 + i }))
  director.install(web, servers)
  director.install(web, servers.slice(1))
  for (const [seconds, isThere] of [
    [0, true],
    [0.9, true],
    [0.2, false],
  ] as const) {
    director.advance(seconds)
    director.dataplane.collect()
    t.equal(director.dataplane.nextHops().has('10.0.0.2'), isThere, 'the way to it goes with it')
  }
})
