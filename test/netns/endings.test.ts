/** Whatever ends the director, or tries to, by either data plane. */
import { existsSync } from 'node:fs'
import { DirectorProcess } from '../lib/director-process.js'
import { waitFor } from '../lib/wait-for.js'
import { refusal, startupTest } from './startup-fixture.js'

const toFullDevice = ['sh', '-c', 'exec "$@" >/dev/full', 'sh']
/** Makes a signal that nothing else listens to an error that nothing catches. */
const faultOnSignal = `data:text/javascript,process.once('SIGWINCH',()=>{throw(Error('injected'))})`
const withFault = ['env', `NODE_OPTIONS=--import=${faultOnSignal}`]

for (const dataplane of ['xdp', 'raw'] as const) {
  startupTest(`${dataplane}: signals of terminals and log rotation`, async (t, { namespace, director }) => {
    const running = director(['eth0'], '--dataplane', dataplane)
    await running.start()
    await running.ipvsadm('-A -t 10.0.0.1:80')
    for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
      running.daemon.kill(signal)
      await waitFor('a line about it', () => running.log.includes(`"signal":"${signal}"`))
    }
    t.equal((await running.status()).services, 1)
    t.equal(await namespace.exec('ss', ['-Hltn']), '', 'and no debugger listens')
    t.equal(await running.end('SIGTERM'), 0)
    t.match(running.log, /"reason":"SIGTERM","msg":"director ends"/)
    await running.start()
    t.equal((await running.status()).services, 1)
    await running.end('SIGTERM')
    await running.down()
  })

  startupTest(`${dataplane}: a start that cannot say so leaves nothing`, async (t, fixture) => {
    const { namespace, director, pinDirectory, runtimeDirectory, programs } = fixture
    const { options } = director(['eth0'], '--dataplane', dataplane)
    const failing = new DirectorProcess(namespace, { ...options, under: toFullDevice })
    t.match(await refusal(t, failing), /stdout: 'ready' cannot be written: .*ENOSPC/)
    t.same([pinDirectory, runtimeDirectory].filter(existsSync), [])
    t.same(await programs(), {})
    t.equal(await namespace.exec('nft', ['list', 'tables']), '')
  })

  startupTest(`${dataplane}: an error that nothing catches`, async (t, { namespace, director }) => {
    const next = director(['eth0'], '--dataplane', dataplane)
    const faulty = new DirectorProcess(namespace, { ...next.options, under: withFault })
    await faulty.start()
    await faulty.ipvsadm('-A -t 10.0.0.1:80')
    faulty.daemon.kill('SIGWINCH')
    t.equal(await faulty.daemon.ends(), 1)
    t.match(faulty.log, /"message":"injected".*"msg":"a fault of xlvs: the director ends"/)
    await next.start()
    t.equal((await next.status()).services, 1, 'what had to be saved was')
    await next.end('SIGTERM')
    await next.down()
  })
}
