import { execute } from '../../lib/process.js'
import type { Workspace } from '../../lib/workspace.js'
import { makePlace, type Outcome, type Place, type Subject } from './subject.js'
import { Wire } from './wire.js'

/** Ends a command's text in the output of several; ipvsadm prints no NUL. */
const end = '\0'

/** The kernel's own IPVS, driven by the ipvsadm of the distribution. */
export class KernelIpvs implements Subject {
  readonly name = 'kernel IPVS'
  readonly wire: Wire

  private constructor(private readonly place: Place) {
    this.wire = new Wire(place.device)
  }

  static async start(workspace: Workspace, role: string): Promise<KernelIpvs> {
    const place = await makePlace(workspace, role)
    // Injected frames reach the stack only by NAPI, which a veth without XDP has for GRO.
    await place.namespace.exec('ethtool', ['-K', 'eth0', 'gro', 'on'])
    return new KernelIpvs(place)
  }

  ipvsadm(args: readonly string[], input = ''): Promise<Outcome> {
    return this.place.namespace.try('ipvsadm', args, { input })
  }

  async print(lines: readonly string[]): Promise<string[]> {
    const script = lines.map((line) => `ipvsadm ${line} 2>&1; printf '\\0'`).join('\n')
    const texts = (await this.place.namespace.exec('sh', ['-c', script])).split(end)
    return texts.slice(0, lines.length)
  }

  async close(): Promise<void> {
    this.wire.close()
    await execute('ip', ['link', 'delete', this.place.device])
    await execute('ip', ['netns', 'delete', this.place.namespace.name])
  }
}
