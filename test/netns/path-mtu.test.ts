import { statSync } from 'node:fs'
import { labTest, sendAllTo } from '../lib/lab-test.js'
import { tun } from '../lib/lab-tun.js'
import { sha256Of, writeRandomFile } from '../lib/random-file.js'

/** Of the link behind the router, in bytes. */
const narrowMtu = 1400

await labTest('a tunnel over a link that is narrower than the director knows', tun, async (t, lab) => {
  const remote = lab.servers.find(({ spec }) => spec.name === 'remote')
  const [router] = lab.routers
  if (!remote || !router) throw new Error('the lab has no real server behind the router')
  await router.namespace.ip([`link set eth2 mtu ${narrowMtu}`])
  await sendAllTo(lab, 'remote')

  const megabytes = 4
  const file = `${lab.filesDirectory}/upload`
  const sha256 = writeRandomFile(file, megabytes)
  const upload = (name: string) =>
    lab.client.namespace.exec('curl', [
      ...['--silent', '--show-error', '--fail', '--max-time', '20'],
      ...['-T', file, `${lab.url}uploads/${name}`],
    ])
  const routeMtu = async () => {
    const text = await lab.client.namespace.exec('ip', ['route', 'get', lab.spec.vip])
    return Number(/ mtu (\d+)/.exec(text)?.[1])
  }

  await upload('first')
  t.equal(sha256Of(remote.web.uploadedFile('first')), sha256)
  t.equal(statSync(remote.web.uploadedFile('first')).size, megabytes * 1e6)
  const { verdicts } = await lab.director.status()
  t.ok((verdicts.icmp_tunnel_error ?? 0) > 0, "the router's error was passed on to the client")
  t.equal(await routeMtu(), narrowMtu - 20, 'the client knows what fits into the tunnel')

  // As another client: the director answers by what it has learned, and no router is asked.
  await lab.client.namespace.ip(['route flush cache'])
  t.not(await routeMtu(), narrowMtu - 20)
  await upload('second')
  t.equal(sha256Of(remote.web.uploadedFile('second')), sha256)
  t.equal(await routeMtu(), narrowMtu - 20)
  const after = (await lab.director.status()).verdicts
  t.equal(after.icmp_tunnel_error, verdicts.icmp_tunnel_error)
  t.ok((after.icmp_frag_needed ?? 0) > (verdicts.icmp_frag_needed ?? 0))
})
