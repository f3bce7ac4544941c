import type { Namespace } from '../../lib/netns.js'
import type { Workspace } from '../../lib/workspace.js'
import { Shell } from './shell.js'
import { shellLine } from './shell-line.js'
import { makePlace, type Outcome, type Place, removePlace, type Subject } from './subject.js'
import { Wire } from './wire.js'

/** The kernel's own IPVS, driven by the ipvsadm of the distribution. */
export class KernelIpvs implements Subject {
  readonly name = 'kernel IPVS'
  readonly wire: Wire

  private constructor(
    private readonly place: Place,
    private readonly shell: Shell,
  ) {
    this.wire = new Wire(place.device)
  }

  static async start(workspace: Workspace, role: string): Promise<KernelIpvs> {
    const place = await makePlace(workspace, role)
    // Injected frames reach the stack only by NAPI, which a veth without XDP has for GRO.
    await place.namespace.exec('ethtool', ['-K', 'eth0', 'gro', 'on'])
    return new KernelIpvs(place, new Shell(place.namespace, workspace.temporaryDirectory(role)))
  }

  get namespace(): Namespace {
    return this.place.namespace
  }

  ipvsadm(args: readonly string[], input = ''): Promise<Outcome> {
    return this.shell.run(['ipvsadm', ...args], input)
  }

  print(lines: readonly string[]): Promise<string[]> {
    return this.shell.printed(lines.map(shellLine))
  }

  async close(): Promise<void> {
    this.shell.close()
    this.wire.close()
    await removePlace(this.place)
  }
}
