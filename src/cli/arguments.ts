import { isIP } from 'node:net'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { socketName } from '../api/protocol.js'
import { isUnicast, parseAddress } from '../core/address.js'
import { DirectorError } from '../core/errors.js'

/** An address and a port to listen on. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** Slots of the connection table that can be asked for: 2^10 to 2^27, the latter 4 GiB. */
const connTableSizes = { least: 1024, most: 134_217_728 }

/** Percentages of the connection table that a service can be given. */
const serviceShares = { least: 1, most: 100 }

/** Longest path of a Unix socket in bytes (sun_path without its terminator). */
const maxSocketPath = 107

/** Adds a network interface's name (dev_valid_name in net/core/dev.c) to those given before. */
export function addInterface(text: string, previous: readonly string[] = []): readonly string[] {
  if (previous.includes(text)) throw new InvalidArgumentError('It is named twice; allowed is once.')
  return [...previous, parseInterface(text)]
}

export function parseInterface(text: string): string {
  if (!/^[^\s/:]{1,15}$/.test(text) || text === '.' || text === '..') {
    throw new InvalidArgumentError('Allowed is the name of a network interface, 1 to 15 characters.')
  }
  return text
}

export function parseConnTableSize(text: string): number {
  return parseWhole(text, 'number of entries', connTableSizes)
}

export function parseServiceShare(text: string): number {
  return parseWhole(text, 'whole percentage', serviceShares)
}

function parseWhole(text: string, what: string, { least, most }: typeof serviceShares): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new InvalidArgumentError(`Allowed is a ${what} from ${least} to ${most}.`)
}

export function parseListen(text: string): Listen {
  const [, v6, other, portText] = /^(?:\[(.*)\]|([^:]*)):([0-9]{1,5})$/.exec(text) ?? []
  const host = v6 ?? other ?? ''
  const port = Number(portText)
  const known = v6 === undefined ? isIP(host) === 4 : isIP(host) === 6
  if (!known || !(port >= 1 && port <= 0xffff)) {
    throw new InvalidArgumentError('Allowed is ADDR:PORT, such as 127.0.0.1:9110 or [::1]:9110.')
  }
  return { host, port }
}

export function parseVip(text: string): string {
  let vip: string
  try {
    vip = parseAddress(text, 'vip')
  } catch (error) {
    if (error instanceof DirectorError)
      throw new InvalidArgumentError('Allowed is an IPv4 address, such as 192.0.2.10.')
    throw error
  }
  if (!isUnicast(vip)) throw new InvalidArgumentError('Allowed is a unicast address.')
  return vip
}

export function parseRuntimeDir(text: string): string {
  const longest = maxSocketPath - `/${socketName}`.length
  if (text === '' || Buffer.byteLength(join(text, socketName)) > maxSocketPath) {
    throw new InvalidArgumentError(`Allowed is a directory of at most ${longest} characters: a socket is made in it.`)
  }
  return text
}

export function parseDirectory(text: string): string {
  if (text === '') throw new InvalidArgumentError('Allowed is the path of a directory.')
  return text
}
