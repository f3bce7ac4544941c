/** The raw data plane and the machine around it: what it silences, what it needs, and what a restart keeps. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ask, download } from '../lib/http.js'
import type { Lab } from '../lib/lab.js'
import { dr } from '../lib/lab-dr.js'
import { labTest, requestsHold, statsOf } from '../lib/lab-test.js'
import { writeRandomFile } from '../lib/random-file.js'
import { waitFor } from '../lib/wait-for.js'

const raw = { directorArgs: ['--dataplane', 'raw'] }
const megabytes = 100

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  await labTest(
    `a restart after ${signal} in mid-download`,
    dr,
    async (t, lab) => {
      const { director, client, url } = lab
      const sha256 = writeRandomFile(`${lab.filesDirectory}/big`, megabytes)
      for (let i = 0; i < 5; i++) await ask(client.namespace, url)
      const rules = await director.ipvsadm('-S -n')
      const whole = await download(client.namespace, `${url}files/big`, [
        [
          20e6,
          async () => {
            // What came later than the last writing is lost with SIGKILL.
            if (signal === 'SIGKILL') await stateIsWritten(lab)
            await director.end(signal)
            await t.rejects(director.status(), 'nobody is there')
            await director.start()
            t.equal(await director.ipvsadm('-S -n'), rules, 'the rules are there')
          },
        ],
      ])
      t.same(whole, { bytes: megabytes * 1e6, sha256 }, 'the download is whole')
      t.equal((await statsOf(lab)).conns, 6, 'and nothing was scheduled a second time')
    },
    raw,
  )
}

/** The longer a writing takes, the longer it is to the next: on a busy machine many times the usual 2 s. */
async function stateIsWritten({ director }: Lab): Promise<void> {
  const path = join(director.options.runtimeDirectory, 'raw.state')
  const now = Date.now()
  await waitFor('the state to be written', async () => statSync(path).mtimeMs > now, 60_000)
}

await labTest(
  'what listens on the director itself',
  dr,
  async (t, lab) => {
    const { directorHost, client, url } = lab
    const listen =
      "require('http').createServer((_, answer) => answer.end('the director')).listen(80, '0.0.0.0', () => console.log('listening'))"
    const local = directorHost.namespace.spawn(process.execPath, ['-e', listen])
    await local.says(/listening/)
    for (let i = 0; i < 6; i++)
      t.same((await ask(client.namespace, url)).client, '192.168.0.50', 'a real server answers')
    const { stderr } = await client.namespace.try('curl', ['--silent', '--show-error', `http://${lab.spec.vip}:81/`])
    t.match(stderr, /Couldn't connect/, 'a port without a service is closed as ever')
  },
  raw,
)

const firewall = `
flush ruleset
table ip firewall {
  chain out { type nat hook postrouting priority srcnat; oifname "eth0" masquerade; }
}
`
await labTest(
  'a firewall that is reloaded, and masquerades',
  dr,
  async (t, lab) => {
    const { director, directorHost } = lab
    await directorHost.namespace.exec('nft', ['-f', '-'], { input: firewall })
    await director.daemon.says(/"msg":"table of nftables was gone and has been made again"/)
    await requestsHold(t, lab)
  },
  raw,
)
