import { readFileSync } from 'node:fs'
import { checkoutFile } from '../../lib/checkout.js'
import { checksum } from '../../lib/packet.js'
import { formatConnections, parseConnections, toleranceS } from './connection-rows.js'
import type { Observation } from './observation.js'
import { director, virtualNetwork } from './plan.js'

/** The table of differences that are meant; its first column names a rule below. */
const table = 'docs/differences.md'

/** Makes the second observation like the first in one respect, as far as the rule allows it. */
export type Rule = (first: Observation, second: Observation) => [Observation, Observation]

const rules: Readonly<Record<string, Rule>> = {
  'connection order': (first, second) => [sortConnections(first), sortConnections(second)],
  // The suite compares them only when IPVS has had the time (run-case.ts).
  'age of counters': (first, second) => [first, second],
  expiry: (first, second) => [first, withExpiryOf(first, second)],
  'IP id': (first, second) => [withoutOwnIds(first), withoutOwnIds(second)],
}

/**
 * Reads which differences are meant.
 * @returns what takes them, and no other, out of a pair of observations.
 * @throws Error when table and rules do not name the same differences.
 */
export function meantDifferences(text = readFileSync(checkoutFile(table), 'utf8')): Rule {
  const named = [...text.matchAll(/^\| \*\*(.+?)\*\* \|/gm)].map(([, name = '']) => name)
  const known = Object.keys(rules)
  const odd = [...named.filter((name) => !known.includes(name)), ...known.filter((name) => !named.includes(name))]
  if (odd.length > 0) throw new Error(`${table} and the suite's rules differ: ${odd.join(', ')}`)
  return (first, second) => {
    let pair: ReturnType<Rule> = [first, second]
    for (const name of named) pair = rules[name]?.(...pair) ?? pair
    return pair
  }
}

function withConnections(observation: Observation, text: string): Observation {
  return { ...observation, printed: { ...observation.printed, '-Lnc': text } }
}

function sortConnections(observation: Observation): Observation {
  const { title, rows } = parseConnections(observation.printed['-Lnc'])
  const key = ({ identity, expiresInS }: (typeof rows)[number]) => `${identity}${expiresInS}`
  return withConnections(
    observation,
    formatConnections(
      title,
      rows.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
    ),
  )
}

/** Both are sorted. */
function withExpiryOf(first: Observation, second: Observation): Observation {
  const [model, own] = [first, second].map(({ printed }) => parseConnections(printed['-Lnc']))
  if (!model || !own) return second
  const rows = own.rows.map((row, i) => {
    const other = model.rows[i]
    const isNear = other?.identity === row.identity && Math.abs(other.expiresInS - row.expiresInS) <= toleranceS
    return isNear ? other : row
  })
  return withConnections(second, formatConnections(own.title, rows))
}

/** Takes the id out of the outermost IPv4 header of packets that the director has made itself. */
function withoutOwnIds(observation: Observation): Observation {
  return { ...observation, sent: observation.sent.map(withoutOwnId) }
}

const ethernetBytes = 14
const headerBytes = 20
const virtualPrefix = virtualNetwork.replace(/0\/24$/, '')

function withoutOwnId(frame: Buffer): Buffer {
  const header = frame.subarray(ethernetBytes, ethernetBytes + headerBytes)
  const source = header.subarray(12, 16).join('.')
  const isOwn = source === director.address || source.startsWith(virtualPrefix)
  // A wrong checksum stays: it is a difference.
  if (!isOwn || checksum(header) !== 0) return frame
  const copy = Buffer.from(frame)
  copy.fill(0, ethernetBytes + 4, ethernetBytes + 6)
  copy.fill(0, ethernetBytes + 10, ethernetBytes + 12)
  return copy
}
