import type { Address } from '../../src/core/address.js'
import { xlvsCommand } from './director-process.js'
import type { Host } from './network.js'
import type { Workspace } from './workspace.js'

/**
 * `xlvs realserver start`, before the VIP can be seen: otherwise the client learns the wrong MAC.
 * Real servers are machines of their own: each has its own runtime directory and its own bpffs.
 */
export async function prepareRealServer(
  host: Host,
  { vip, forwarding }: { readonly vip: Address; readonly forwarding: 'route' | 'tunnel' },
  workspace: Workspace,
): Promise<void> {
  const tunnel = forwarding === 'tunnel' ? ['--tunnel', '--interface', 'eth0'] : []
  const pins = workspace.pinPath(host.name)
  const inOwnBpffs = 'mkdir -p "$0" && mount --bind "$0" /sys/fs/bpf && exec "$@"'
  await host.namespace.exec(
    'unshare',
    ['--mount', 'sh', '-c', inOwnBpffs, pins, xlvsCommand, 'realserver', 'start', '--vip', vip, ...tunnel],
    { env: { XLVS_RUNTIME_DIR: workspace.temporaryDirectory(`${host.name}-run`) } },
  )
}
