/** Starts of the raw data plane that are refused, and what they say. */
import { chownSync, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DirectorProcess } from '../lib/director-process.js'
import { refusal, runOnce, startupTest } from './startup-fixture.js'

startupTest('without the capabilities', async (t, { director }) => {
  const without = (dropped: string, dataplane: string) => {
    const { namespace, options } = director(['eth0'], '--dataplane', dataplane)
    return new DirectorProcess(namespace, { ...options, under: ['setpriv', `--bounding-set=${dropped}`, '--'] })
  }
  t.match(
    await refusal(t, without('-net_raw', 'raw')),
    /^xlvs: raw sockets: it needs CAP_NET_ADMIN, CAP_NET_RAW; this process lacks CAP_NET_RAW$/,
  )
  t.match(
    await refusal(t, without('-bpf,-perfmon,-sys_admin', 'xdp')),
    /^xlvs: XDP: it needs .* lacks CAP_BPF, CAP_PERFMON$/,
  )
  const neither = await refusal(t, without('-bpf,-perfmon,-sys_admin,-net_raw', 'auto'))
  t.match(neither, /^xlvs: dataplane: none can run here: XDP: .*CAP_BPF.*; raw sockets: .*CAP_NET_RAW/)
})

startupTest('a user who may do no more than networks', async (t, { director, runtimeDirectory }) => {
  const nobody = 65534
  chownSync(dirname(runtimeDirectory), nobody, nobody)
  const capabilities = '+net_admin,+net_raw'
  const under = ['setpriv', `--reuid=${nobody}`, '--clear-groups', `--inh-caps=${capabilities}`]
  const { namespace, options } = director(['eth0'])
  const unprivileged = new DirectorProcess(namespace, {
    ...options,
    under: [...under, `--ambient-caps=${capabilities}`, '--bounding-set=-bpf,-sys_admin', '--'],
  })
  await unprivileged.start()
  await unprivileged.ipvsadm('-A -t 192.0.2.10:80')
  t.match(await namespace.exec('nft', ['list', 'ruleset']), /192\.0\.2\.10 \. tcp \. 80/)
  t.match(await unprivileged.status(), { dataplane: 'raw', interfaces: [{ name: 'eth0', mode: 'raw' }] })
  await unprivileged.end('SIGTERM')
  await unprivileged.start()
  t.match(await unprivileged.status(), { refusals: [{ what: 'XDP', reason: /raw\.state is there/ }] })
  t.match(await unprivileged.ipvsadm('-S -n'), /-A -t 192\.0\.2\.10:80 -s wlc/)
  await unprivileged.end('SIGTERM')
})

startupTest('one data plane does not follow the other without a word', async (t, fixture) => {
  const { director, runtimeDirectory, pinDirectory, namespace } = fixture
  const raw = director(['eth0'], '--dataplane', 'raw')
  await raw.start()
  await raw.ipvsadm('-A -t 192.0.2.10:80')
  await raw.end('SIGTERM')
  t.match(await refusal(t, director(['eth0'], '--dataplane', 'xdp')), /raw\.state: .*--dataplane raw.*xlvs down/)
  t.notOk(existsSync(pinDirectory))
  t.equal((await raw.down()).status, 0)
  t.equal(await namespace.exec('nft', ['list', 'ruleset']), '')
  t.notOk(existsSync(runtimeDirectory))
  await runOnce(raw)
  // A raw one that had no services is in nobody's way.
  await runOnce(director(['eth0']))
  t.match(await refusal(t, raw), new RegExp(`${pinDirectory}: .*--dataplane xdp.*xlvs down`))
  t.equal((await raw.down()).status, 0)
  t.equal(await namespace.exec('nft', ['list', 'ruleset']), '')
})

startupTest('a mode of XDP is not for raw sockets', async (t, { director }) => {
  const sentence = await refusal(t, director(['eth0'], '--dataplane', 'raw', '--xdp-mode', 'generic'))
  t.equal(sentence, 'xlvs: xdp-mode: generic is a mode of XDP, and --dataplane raw has none')
})

startupTest('a second one on the same runtime directory', async (t, { director, runtimeDirectory }) => {
  const first = director(['eth0'], '--dataplane', 'raw')
  await first.start()
  t.match(
    await refusal(t, director(['eth0'], '--dataplane', 'raw')),
    new RegExp(`another director listens on ${runtimeDirectory}`),
  )
  await first.status()
  await first.end('SIGTERM')
})
