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
  // No split(): a table of ten thousand services converts some hundred thousand addresses.
  let [number, byte] = [0, 0]
  for (let i = 0; i < address.length; i++) {
    const digit = address.charCodeAt(i) - 0x30
    if (digit >= 0) {
      byte = byte * 10 + digit
    } else {
      number = number * 256 + byte
      byte = 0
    }
  }
  return number * 256 + byte
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
