import { type Address, addressFromNumber, addressToNumber } from '../../core/address.js'
import type { IpAddrStruct } from './layout.gen.js'

/** An address as shared structs have it: IPv4 mapped into IPv6 (RFC 4291, section 2.5.5.2). */
export function addressToStruct(address: Address): IpAddrStruct {
  return { words: [0, 0, 0xffff, addressToNumber(address)] }
}

/** The inverse of {@link addressToStruct}. */
export function addressFromStruct({ words }: IpAddrStruct): Address {
  return addressFromNumber(words[3] as number)
}
