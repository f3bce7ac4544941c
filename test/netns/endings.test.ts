/** Whatever ends the director, or tries to, by either data plane. */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { DirectorProcess, xlvsCommand } from '../lib/director-process.js'
import { execute } from '../lib/process.js'
import { waitFor } from '../lib/wait-for.js'
import { refusal, startupTest } from './startup-fixture.js'

const unused = ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
const toFullDevice = ['sh', '-c', 'exec "$@" >/dev/full', 'sh']
/** Makes a signal that nothing else listens to an error that nothing catches. */
const faultOnSignal = `data:text/javascript,process.once('SIGWINCH',()=>{throw(Error('injected'))})`
const withFault = ['env', `NODE_OPTIONS=--import=${faultOnSignal}`]

t.test('signals are caught before anything is loaded', async (t) => {
  const show = 'process.on("exit", () => console.error(process.eventNames().join()))'
  const args = ['--import', `data:text/javascript,${show}`, xlvsCommand, 'run', '--help']
  const { stderr } = await execute(process.execPath, args)
  for (const signal of unused) t.match(stderr, signal)
})

startupTest('a start that is told to end is completed', async (t, { director, pinned }) => {
  const starting = director(['eth0'])
  const daemon = starting.spawn()
  t.teardown(() => daemon.kill('SIGKILL'))
  await catchesLast(daemon.pid)
  for (const signal of unused) daemon.kill(signal)
  await daemon.says(/connection table ready/)
  daemon.kill('SIGTERM')
  daemon.kill('SIGTERM')
  t.equal(await daemon.ends(), 0)
  t.match(daemon.stderr, /"reason":"SIGTERM","msg":"director ends"/)
  t.equal(pinned('links').length, 1, 'what it started goes on forwarding')
})

for (const dataplane of ['xdp', 'raw'] as const) {
  startupTest(`${dataplane}: signals of terminals and log rotation`, async (t, { namespace, director }) => {
    const running = director(['eth0'], '--dataplane', dataplane)
    await running.start()
    await running.ipvsadm('-A -t 10.0.0.1:80')
    for (const signal of unused) {
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

/** Waits until a process has a handler for SIGUSR2, the last for which bin/xlvs listens: by default Node catches no more than SIGUSR1. */
async function catchesLast(pid: number): Promise<void> {
  const sigusr2 = 1n << 11n
  await waitFor('a handler of SIGUSR2', () => {
    const [, mask = '0'] = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return (BigInt(`0x${mask}`) & sigusr2) !== 0n
  })
}
