import type { ServiceView } from '../../api/protocol.js'
import type { Label } from './labels.js'
import { compareServers, compareServices, mergeSort } from './sort.js'

const forwardingOptions = { route: '-g', tunnel: '-i', masq: '-m' } as const

/** `ipvsadm -S`, line by line: the rules that `-R` takes. */
export function formatRules(services: readonly ServiceView[], label: Label): string[] {
  return mergeSort(services, compareServices).flatMap(({ protocol, vip, vport, scheduler, servers }) => {
    const service = `${protocol === 'tcp' ? '-t' : '-u'} ${label(vip, vport, protocol)}`
    return [
      `-A ${service} -s ${scheduler}`,
      ...mergeSort(servers, compareServers).map(({ rip, rport, forwarding, weight }) => {
        const tunnel = forwarding === 'tunnel' ? ' --tun-type ipip' : ''
        return `-a ${service} -r ${label(rip, rport, protocol)} ${forwardingOptions[forwarding]} -w ${weight}${tunnel}`
      }),
    ]
  })
}
