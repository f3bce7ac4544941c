import type { Address } from '../../core/address.js'
import type { Protocol } from '../../core/virtual-service.js'
import type { Names } from './names.js'

/** How `address:port` is shown. */
export type Label = (address: Address, port: number, protocol: Protocol) => string

/** ipvsadm's buffer for an address and a port, without its terminator. */
const maxLabel = 59

/** Labels as numbers (`-n`). */
export const numericLabel: Label = (address, port) => `${address}:${port}`

/** Labels as names where there are any. All addresses are looked up at once, before the first label. */
export async function namedLabel(addresses: Iterable<Address>, names: Names): Promise<Label> {
  const hosts = new Map<Address, string>()
  await Promise.all(
    [...new Set(addresses)].map(async (address) => {
      hosts.set(address, (await names.hostName(address)) ?? address)
    }),
  )
  return (address, port, protocol) => {
    const host = hosts.get(address) ?? address
    return `${host}:${names.serviceName(port, protocol) ?? port}`.slice(0, maxLabel)
  }
}
