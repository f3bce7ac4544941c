import { isIPv4 } from 'node:net'
import { DirectorError } from './errors.js'

/** An IPv4 address in dotted decimal without leading zeros: equal addresses are equal strings. */
export type Address = string

/**
 * Checks an address that somebody typed.
 * @throws DirectorError INVALID, naming `field`, if it is not dotted decimal.
 */
export function parseAddress(text: string, field: string): Address {
  if (!isIPv4(text)) {
    throw new DirectorError('INVALID', `${field}: '${text}' is not an IPv4 address (like 192.0.2.10)`, {
      field,
      value: text,
    })
  }
  return text
}

/** An address as an unsigned number in host order: 192.0.2.1 is 0xc0000201. */
export function addressToNumber(address: Address): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}

/** The inverse of {@link addressToNumber}. */
export function addressFromNumber(value: number): Address {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.')
}

/** Whether packets can be sent to exactly one host under this address (not 0.0.0.0/8, multicast, class E or broadcast). */
export function isUnicast(address: Address): boolean {
  const first = addressToNumber(address) >>> 24
  return first !== 0 && first < 224
}
