import { ask, download } from '../lib/http.js'
import type { Lab } from '../lib/lab.js'
import { dr } from '../lib/lab-dr.js'
import { labTest, statsOf } from '../lib/lab-test.js'
import { newerBuild } from '../lib/newer-build.js'
import { writeRandomFile } from '../lib/random-file.js'

const megabytes = 200

/** Connections of `ipvsadm -Lnc` without what changes by itself, the time left. */
async function connections({ director }: Lab): Promise<string[]> {
  const lines = (await director.ipvsadm('-Lnc')).trim().split('\n').slice(2)
  return lines.map((line) => line.replace(/^(\S+)\s+\d+:\d+/, '$1')).sort()
}

/** Tag of the program on the director's interface: equal programs have equal tags. */
async function programTag({ directorHost }: Lab): Promise<string> {
  const [link] = await directorHost.namespace.ipJson<{ readonly xdp?: { readonly prog: { readonly tag: string } } }[]>(
    'link',
    'show',
    'eth0',
  )
  return link?.xdp?.prog.tag ?? 'none'
}

const cases = [
  { signal: 'SIGKILL', build: 'same' },
  { signal: 'SIGTERM', build: 'same' },
  { signal: 'SIGKILL', build: 'newer' },
] as const

for (const { signal, build } of cases) {
  await labTest(`the daemon ends by ${signal} in mid-download; the ${build} build starts`, dr, async (t, lab) => {
    const { director, client, url } = lab
    const command = build === 'newer' ? newerBuild(t.testdir()) : undefined
    const tag = await programTag(lab)
    const sha256 = writeRandomFile(`${lab.filesDirectory}/big`, megabytes)
    for (let i = 0; i < 5; i++) await ask(client.namespace, url)
    const rules = await director.ipvsadm('-S -n')
    const firstPid = director.daemon.pid
    let asked = 5
    let before: string[] = []

    const whole = await download(client.namespace, `${url}files/big`, [
      [
        20e6,
        async () => {
          before = await connections(lab)
          t.equal(before.filter((line) => line.includes('ESTABLISHED')).length, 1, 'the download is listed')
          const status = await director.end(signal)
          t.equal(status, signal === 'SIGTERM' ? 0 : null, 'how it ended')
        },
      ],
      [
        80e6,
        async () => {
          for (let i = 0; i < 3; i++, asked++) await ask(client.namespace, url)
          t.pass('60 MB and 3 new connections went through with no daemon')
          await director.start(command)
        },
      ],
      [
        140e6,
        async () => {
          t.not(director.daemon.pid, firstPid)
          t.equal((await programTag(lab)) === tag, build === 'same', 'which program runs')
          t.equal(await director.ipvsadm('-S -n'), rules, 'the rules are there, in the same order')
          const after = await connections(lab)
          const lost = before.filter((line) => !after.includes(line))
          t.same(lost, [], 'no connection is lost')
          t.equal(after.length, before.length + 3, 'those made with no daemon are there too')
        },
      ],
    ])
    t.same(whole, { bytes: megabytes * 1e6, sha256 }, 'the download is whole')

    for (let i = 0; i < 2; i++, asked++) await ask(client.namespace, url)
    t.equal((await statsOf(lab)).conns, asked + 1, 'counters go on: requests and the download')
  })
}
