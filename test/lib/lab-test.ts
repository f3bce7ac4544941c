import t, { type Test } from 'tap'
import { download } from './http.js'
import { parseStats, type ServiceStats } from './ipvsadm-output.js'
import { applyRules, buildLab, type Lab, type LabOptions, macsOf } from './lab.js'
import { judge } from './lab-judge.js'
import { observe } from './lab-observe.js'
import { type LabSpec, ripOf } from './lab-spec.js'
import { whyNoNamespaces } from './network.js'
import { sha256Of, writeRandomFile } from './random-file.js'

const timeoutMs = 240_000

/**
 * A tap test in a running lab with its rules: built before, taken down after. Where it cannot run
 * it is skipped with the reason.
 */
export async function labTest(
  name: string,
  spec: LabSpec,
  run: (t: Test, lab: Lab) => Promise<void>,
  options: LabOptions = {},
): Promise<void> {
  const reason = await whyNoNamespaces()
  t.setTimeout(timeoutMs)
  await t.test(name, { skip: reason ?? false, timeout: timeoutMs }, async (t) => {
    const lab = await buildLab(spec, options)
    t.teardown(() => lab.close())
    await applyRules(lab)
    await run(t, lab)
  })
}

/** What every lab has to show. */
export async function labHolds(t: Test, lab: Lab): Promise<void> {
  await requestsHold(t, lab)
  await downloadsHold(t, lab)
  await uploadsHold(t, lab)
}

/** Requests shared among the real servers: all that the judge asks for. */
export async function requestsHold(t: Test, lab: Lab): Promise<void> {
  await t.test('requests', async (t) => {
    const observation = await observe(lab, 30)
    for (const { claim, held, seen } of judge(lab.spec, macsOf(lab), observation)) t.ok(held, `${claim}: ${seen}`)
  })
}

/** A large file from each real server in turn. */
export async function downloadsHold(t: Test, lab: Lab): Promise<void> {
  await t.test('200 MB from each real server', async (t) => {
    const megabytes = 200
    const sha256 = writeRandomFile(`${lab.filesDirectory}/big`, megabytes)
    for (const { spec } of lab.servers) {
      await sendAllTo(lab, spec.name)
      const before = await statsOf(lab)
      const startedAt = performance.now()
      t.same(await download(lab.client.namespace, `${lab.url}files/big`), { bytes: megabytes * 1e6, sha256 }, spec.name)
      t.comment(`${spec.name}: ${Math.round((megabytes * 8e3) / (performance.now() - startedAt))} Mbit/s`)
      const after = await statsOf(lab)
      t.equal(connsOf(after, ripOf(spec)) - connsOf(before, ripOf(spec)), 1, `${spec.name} served it`)
    }
  })
}

/**
 * A file to each real server in turn: full-sized packets from the client. With an outer header they
 * are too long for the segment, and the client has to be told so.
 */
export async function uploadsHold(t: Test, lab: Lab): Promise<void> {
  await t.test('20 MB to each real server', async (t) => {
    const megabytes = 20
    const file = `${lab.filesDirectory}/upload`
    const sha256 = writeRandomFile(file, megabytes)
    for (const { spec, web } of lab.servers) {
      await sendAllTo(lab, spec.name)
      const { inBytes } = await statsOf(lab)
      await lab.client.namespace.exec('curl', [
        '--silent',
        '--show-error',
        '--fail',
        '-T',
        file,
        `${lab.url}uploads/big`,
      ])
      t.equal(sha256Of(web.uploadedFile('big')), sha256, spec.name)
      t.ok((await statsOf(lab)).inBytes - inBytes > megabytes * 1e6, 'it went through the director')
    }
  })
}

/** `ipvsadm -Ln --stats --exact` of the lab's service. */
export async function statsOf({ director }: Lab): Promise<ServiceStats> {
  const [service] = parseStats(await director.ipvsadm('-Ln --stats --exact'))
  if (!service) throw new Error('ipvsadm lists no service')
  return service
}

/** Quiesces all real servers but one. */
export async function sendAllTo({ spec, director }: Lab, name: string): Promise<void> {
  const lines = spec.servers.map((server) => {
    const forwarding = server.forwarding === 'route' ? '-g' : '-i'
    return `ipvsadm -e -t ${spec.vip}:80 -r ${ripOf(server)}:80 ${forwarding} -w ${server.name === name ? 1 : 0}`
  })
  await director.script(lines.join('\n'))
}

function connsOf({ servers }: ServiceStats, rip: string): number {
  return servers.find(({ address }) => address === rip)?.conns ?? 0
}
