import type { ServerView, ServiceView } from '../../api/protocol.js'
import { type Address, addressToNumber } from '../../core/address.js'
import type { Protocol } from '../../core/virtual-service.js'

type Compare<T> = (a: T, b: T) => number

/** Numbers of the protocols in IP headers, by which ipvsadm sorts. */
const protocolNumbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17 }

/** ipvsadm's order of services: protocol, address, port. */
export const compareServices: Compare<ServiceView> = (a, b) =>
  protocolNumbers[a.protocol] - protocolNumbers[b.protocol] || compareAddresses(a.vip, b.vip) || a.vport - b.vport

/** ipvsadm's order of real servers: address, port. */
export const compareServers: Compare<ServerView> = (a, b) => compareAddresses(a.rip, b.rip) || a.rport - b.rport

/** ipvsadm keeps the difference in a C int, so that addresses more than 2^31 apart compare the wrong way round. */
function compareAddresses(a: Address, b: Address): number {
  return (addressToNumber(a) - addressToNumber(b)) | 0
}

/**
 * Merge sort as in glibc's qsort (stdlib/msort.c). The comparison of addresses above is no order, and with such a one the
 * result depends on the algorithm: this one lists what ipvsadm lists.
 */
export function mergeSort<T>(items: readonly T[], compare: Compare<T>): readonly T[] {
  if (items.length <= 1) return items
  const middle = items.length >> 1
  const left = mergeSort(items.slice(0, middle), compare)
  const right = mergeSort(items.slice(middle), compare)
  const merged: T[] = []
  let l = 0
  let r = 0
  while (l < left.length && r < right.length) {
    const [a, b] = [left[l] as T, right[r] as T]
    if (compare(a, b) <= 0) {
      merged.push(a)
      l++
    } else {
      merged.push(b)
      r++
    }
  }
  return merged.concat(left.slice(l), right.slice(r))
}
