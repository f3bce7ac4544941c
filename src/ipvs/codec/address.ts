import { SocketAddress } from 'node:net'
import { AF } from './ipvs.js'

/** An address of an attribute as text, as inet_ntop(3) has it. @param af of which family it is: IPv4, unless it is AF_INET6. */
export function addressText(af: number, address: Uint8Array): string {
  if (af !== AF.INET6) return address.subarray(0, 4).join('.')
  const groups = Buffer.from(address).toString('hex').match(/.{4}/g) ?? []
  return new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address
}

/** union nf_inet_addr of an IPv4 address in dotted decimal. */
export function inetAddress(address: string): Uint8Array {
  const bytes = Buffer.alloc(16)
  bytes.set(address.split('.').map(Number))
  return bytes
}
