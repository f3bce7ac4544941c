import { isIPv4, isIPv6 } from 'node:net'
import { type Address, addressFromNumber } from '../../core/address.js'
import type { Names } from './names.js'
import { parseInteger } from './numbers.js'

/** What ipvsadm reads from `host[:port]`. */
export interface HostPort {
  readonly family: 4 | 6
  /** For IPv4 in dotted decimal, whatever form was typed. */
  readonly host: string
  /** Absent when none was typed. */
  readonly port?: number
}

/**
 * Reads `address[:port]`, `name[:service]` or `[v6]:port` as ipvsadm's parse_service does: undefined if it is none of them.
 * @param protocol of the service named so far, in which service names are looked up.
 */
export async function parseHostPort(
  text: string,
  protocol: string | undefined,
  names: Names,
): Promise<HostPort | undefined> {
  if (/^[0-9]*$/.test(text)) return undefined
  let rest = text
  let portText: string | undefined
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    if (end < 0 || text[end + 1] !== ':') return undefined
    rest = text.slice(1, end)
    portText = text.slice(end + 2)
  }
  const family = isIPv6(rest) ? 6 : 4
  if (family === 4) {
    const colon = rest.lastIndexOf(':')
    portText = colon < 0 ? undefined : rest.slice(colon + 1)
    if (colon >= 0) rest = rest.slice(0, colon)
  }
  const host = family === 6 ? rest : await hostAddress(rest, names)
  if (host === undefined) return undefined
  if (portText === undefined) return { family, host }
  const port = parsePort(portText, protocol, names)
  return port === undefined ? undefined : { family, host, port }
}

/** The address that a number-and-dots form or a host name stands for. */
export async function hostAddress(text: string, names: Names): Promise<Address | undefined> {
  if (isIPv4(text)) return text
  return inetAton(text) ?? (text === '' ? undefined : names.address(text))
}

function parsePort(text: string, protocol: string | undefined, names: Names): number | undefined {
  const port = parseInteger(text, 0, 0xffff)
  if (port !== undefined || protocol === undefined) return port
  return names.port(text, protocol)
}

/** inet_aton(3): one to four numbers, hexadecimal and octal ones too, the last filling what is left: `10.1` is 10.0.0.1. */
function inetAton(text: string): Address | undefined {
  const [form = ''] = text.split(/[ \t\n\v\f\r]/, 1)
  const parts = form.split('.')
  const numbers = parts.map(parsePart)
  const last = numbers.pop()
  if (parts.length > 4 || last === undefined || last >= 256 ** (4 - numbers.length)) return undefined
  let value = last
  for (const [index, number] of numbers.entries()) {
    if (number === undefined || number > 255) return undefined
    value += number * 256 ** (3 - index)
  }
  return addressFromNumber(value)
}

function parsePart(text: string): number | undefined {
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8)
  return /^(0x[0-9a-f]+|[1-9][0-9]*)$/i.test(text) ? Number(text) : undefined
}
