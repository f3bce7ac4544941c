/** A director that is started, refused and taken down on two interfaces of a namespace. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DirectorProcess } from '../lib/director-process.js'
import type { Namespace } from '../lib/netns.js'
import { whyNoNamespaces } from '../lib/network.js'
import { Workspace } from '../lib/workspace.js'

export interface Fixture {
  readonly namespace: Namespace
  readonly pinDirectory: string
  readonly runtimeDirectory: string
  /** A director with other arguments on the same directories. */
  director(interfaces: readonly string[], ...args: string[]): DirectorProcess
  /** Names of what is pinned, below maps/, links/ or stages/. */
  pinned(kind: 'maps' | 'links' | 'stages'): string[]
  /** Ids of the programs on interfaces, by name. */
  programs(): Promise<Record<string, number>>
}

const skip = (await whyNoNamespaces()) ?? false
t.setTimeout(240_000)

export function startupTest(name: string, run: (t: Test, fixture: Fixture) => Promise<void>): void {
  t.test(name, { skip, timeout: 60_000 }, async (t) => {
    const workspace = new Workspace()
    t.teardown(() => workspace.close())
    const namespace = await workspace.namespace('director')
    await addVeth(namespace, 'eth0')
    await addVeth(namespace, 'eth1')
    const pinDirectory = workspace.pinPath('director')
    const runtimeDirectory = join(workspace.directory, 'run')
    await run(t, {
      namespace,
      pinDirectory,
      runtimeDirectory,
      director: (interfaces, ...args) =>
        new DirectorProcess(namespace, { interfaces, pinDirectory, runtimeDirectory, args }),
      pinned: (kind) => readdirSync(join(pinDirectory, kind)).sort(),
      programs: () => programsOf(namespace),
    })
  })
}

export async function addVeth(namespace: Namespace, name: string): Promise<void> {
  await namespace.ip([`link add ${name} type veth peer name ${name}-peer`, `link set ${name} up`])
}

export async function programsOf(namespace: Namespace): Promise<Record<string, number>> {
  const links = await namespace.ipJson<{ ifname: string; xdp?: { prog: { id: number } } }[]>('link')
  return Object.fromEntries(links.flatMap(({ ifname, xdp }) => (xdp ? [[ifname, xdp.prog.id]] : [])))
}

/** Starts a director that must refuse; gives its sentence, of which there is one and no stack. */
export async function refusal(t: Test, director: DirectorProcess, command?: string): Promise<string> {
  const daemon = director.spawn(command)
  t.teardown(() => daemon.kill('SIGKILL'))
  t.equal(await daemon.ends(), 1)
  t.equal(daemon.stdout, '', 'it never says ready')
  const sentences = daemon.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
  t.equal(sentences.length, 1, daemon.stderr)
  return sentences[0] ?? ''
}

/** Runs a director for a moment; what it forwards with stays. */
export async function runOnce(director: DirectorProcess): Promise<void> {
  await director.start()
  await director.end('SIGTERM')
}
