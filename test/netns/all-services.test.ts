/** As many services as there is room for, and then one in the place of another. */
import { maps } from '../../src/dataplane/tables/layout.gen.js'
import { startupTest } from './startup-fixture.js'

const { maxEntries: most } = maps.services
const service = (port: number) => `-t 10.0.0.1:${port} -s wlc`

for (const dataplane of ['xdp', 'raw'] as const) {
  startupTest(`${dataplane}: -D and at once -A with all services taken`, async (t, { director }) => {
    const running = director(['eth0'], '--dataplane', dataplane)
    await running.start()
    const rules = Array.from({ length: most }, (_, i) => `-A ${service(1 + i)}\n`).join('')
    await running.script(`ipvsadm -R <<end\n${rules}end\n`)
    t.equal((await running.status()).services, most)
    await t.rejects(running.ipvsadm(`-A ${service(60_001)}`), /Memory allocation problem/)
    const exchanges = Array.from({ length: 5 }, (_, i) => `-D -t 10.0.0.1:${1 + i}\n-A ${service(60_001 + i)}\n`)
    await running.script(`ipvsadm -R <<end\n${exchanges.join('')}end\n`)
    const listed = await running.ipvsadm('-S -n')
    t.match(listed, `-A ${service(60_005)}\n`)
    t.equal(listed.trim().split('\n').length, most)
    await running.down()
    await running.end('SIGTERM').catch(() => {})
  })
}
