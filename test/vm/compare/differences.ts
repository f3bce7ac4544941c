import { readFileSync } from 'node:fs'
import { checkoutFile } from '../../lib/checkout.js'
import {
  formatConnections,
  listedRows,
  parseConnections,
  procRows,
  type RowFormat,
  toleranceS,
} from './connection-rows.js'
import {
  hasWrongIpChecksum,
  isAboutOtherTunnel,
  isFragment,
  isFragNeeded,
  isFragNeededFrame,
  isFrom,
  isFromHostOf,
  isLong,
  withoutId,
  withoutMtuInFragNeeded,
  withoutPadding,
} from './frame-kind.js'
import { counterLine, type Observation, type ShownText } from './observation.js'
import { director, virtualNetwork } from './plan.js'
import { sortedServices, withoutRateLine } from './proc-texts.js'
import type { Step } from './step.js'

/** The table of differences that are meant; its first column names a rule below. */
const table = 'docs/differences.md'

/** Makes the two observations after a step alike in one respect, as far as the rule allows it. */
export type Rule = (first: Observation, second: Observation, step: Step) => [Observation, Observation]

const rules: Readonly<Record<string, Rule>> = {
  'connection order': (first, second) => [sortConnections(first), sortConnections(second)],
  'service order': (first, second) => [sortServices(first), sortServices(second)],
  // The suite compares for some seconds, until IPVS has had the time (run-case.ts).
  'age of counters': (first, second) => [first, second],
  // No case has such a server: IPVS and xlvs would go on with different ones.
  'addresses of real servers': (first, second) => [first, second],
  // In no case is the first packet after such an edit a tunnelled one: what waits for an answer to ARP would come out later.
  'method edited': (first, second) => [first, second],
  'lines of -R': (first, second) => [first, withoutLineNumbers(second)],
  rates: (first, second) => [withoutRates(first), withoutRates(second)],
  expiry: (first, second) => [first, withExpiryOf(first, second)],
  'IP id': (first, second) => [withoutOwnIds(first), withoutOwnIds(second)],
  'no service left': (first, second) => {
    if (!isEmpty(first) || !isEmpty(second)) return [first, second]
    return [{ ...first, sent: first.sent.filter((frame) => !isFromHostOf(frame, virtualNetwork)) }, second]
  },
  'IP checksum': (first, second) => {
    const isMeant = first.sent.length === 0 && second.sent.length > 0 && second.sent.every(hasWrongIpChecksum)
    return isMeant ? [first, asSeen(first, second)] : [first, second]
  },
  'short TCP header': (first, second, step) => {
    const areShort = step.kind === 'packets' && step.frames.every(({ tcp }) => (tcp?.dataOffset ?? 5) < 5)
    return areShort && second.sent.length === 0 ? [first, asSeen(first, second)] : [first, second]
  },
  fragments: (first, second, step) => {
    const areFragments = step.kind === 'packets' && step.frames.every(isFragment)
    return areFragments && second.sent.length === 0 ? [first, asSeen(first, second)] : [first, second]
  },
  padding: (first, second) => [first, { ...second, sent: second.sent.map(withoutPadding) }],
  'own answers': (first, second) => [withoutOutgoing(first), second],
  'path MTU told': (first, second, step) =>
    (step.kind === 'packets' && step.frames.every(isFragNeeded)) ||
    (step.kind === 'drawn' && step.frames.every(isFragNeededFrame))
      ? [withoutToldMtu(first), withoutToldMtu(second)]
      : [first, second],
  'local real server': (first, second) => [withoutLocalReplies(first), withoutLocalReplies(second)],
  'too long without DF': (first, second, step) => {
    const areLong = step.kind === 'packets' && step.frames.every(isLong)
    return areLong && second.sent.length === 0 ? [first, asSent(first, second)] : [first, second]
  },
  'errors about other tunnels': (first, second, step) => {
    const areOfOthers = step.kind === 'packets' && step.frames.every(isAboutOtherTunnel)
    return areOfOthers && second.sent.length === 0 ? [first, asSent(first, second)] : [first, second]
  },
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
  return (first, second, step) => {
    let pair: ReturnType<Rule> = [first, second]
    for (const name of named) pair = rules[name]?.(...pair, step) ?? pair
    return pair
  }
}

function asSent(first: Observation, second: Observation): Observation {
  return { ...second, sent: first.sent }
}

/** What `ipvsadm -R` says, of whichever line: the kernel's says no number, so one that is missing is not seen here. */
function withoutLineNumbers(observation: Observation): Observation {
  const outcome = observation.outcomes?.get('-R')
  if (!outcome) return observation
  const stderr = outcome.stderr.replace(/^line [1-9][0-9]*: /gm, '')
  return { ...observation, outcomes: new Map([...(observation.outcomes ?? []), ['-R', { ...outcome, stderr }]]) }
}

/** Frames, and with them counters and timers of their connections. */
function asSeen(first: Observation, second: Observation): Observation {
  return { ...asSent(first, second), printed: first.printed }
}

/** Shows 0 where IPVS counts what it sends itself: nothing of a real server passes the director. */
function withoutOutgoing(observation: Observation): Observation {
  const { printed } = observation
  const zero = (column: string) => '0'.padStart(column.length)
  const text = printed[counterLine]?.replace(
    /^(.+? +\d+ +\d+)( +\d+)( +\d+)( +\d+)$/gm,
    (_, start: string, packets: string, bytesIn: string, bytesOut: string) =>
      start + zero(packets) + bytesIn + zero(bytesOut),
  )
  return text === undefined ? observation : { ...observation, printed: { ...printed, [counterLine]: text } }
}

function withoutToldMtu(observation: Observation): Observation {
  const { sent } = observation
  return {
    ...observation,
    sent: sent.map((each) => (isFromHostOf(each, virtualNetwork) ? withoutMtuInFragNeeded(each) : each)),
  }
}

/** Where the director is a real server of its own: what replies change is left out, the rest of the texts stays. */
function withoutLocalReplies(observation: Observation): Observation {
  const { printed } = observation
  if (!printed['-Sn'].includes(` -r ${director.address}:`)) return observation
  const local = director.address.replaceAll('.', '\\.')
  return {
    ...observation,
    printed: {
      ...printed,
      '-Ln': printed['-Ln'].replace(new RegExp(`(-> ${local}:.*?) +\\d+ +\\d+ *$`, 'gm'), '$1 (counts)'),
      '-Lnc': printed['-Lnc'].replace(new RegExp(`^.* ${local}:.*\\n`, 'gm'), ''),
      ...(printed[counterLine] !== undefined && { [counterLine]: printed[counterLine].replace(/ +\d+/g, ' (count)') }),
    },
  }
}

/** Whether there is no service: `ipvsadm -Sn` prints nothing. */
function isEmpty({ printed }: Observation): boolean {
  return printed['-Sn'] === ''
}

/** An observation with one of its texts, if it has it, in other words. */
function changed(observation: Observation, name: ShownText, change: (text: string) => string): Observation {
  const text = observation.printed[name]
  if (text === undefined) return observation
  return { ...observation, printed: { ...observation.printed, [name]: change(text) } }
}

function sortServices(observation: Observation): Observation {
  return changed(observation, '/proc/net/ip_vs', sortedServices)
}

function withoutRates(observation: Observation): Observation {
  return changed(observation, '/proc/net/ip_vs_stats', withoutRateLine)
}

/** Where connections are listed. */
const lists: readonly (readonly [name: '-Lnc' | '/proc/net/ip_vs_conn', format: RowFormat])[] = [
  ['-Lnc', listedRows],
  ['/proc/net/ip_vs_conn', procRows],
]

function sortConnections(observation: Observation): Observation {
  return lists.reduce(
    (sorted, [name, format]) => changed(sorted, name, (text) => sortedRows(text, format)),
    observation,
  )
}

function sortedRows(text: string, format: RowFormat): string {
  const { title, rows } = parseConnections(text, format)
  const key = ({ identity, expiresInS }: (typeof rows)[number]) => `${identity}${expiresInS}`
  return formatConnections(
    title,
    rows.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
    format,
  )
}

/** Both are sorted. */
function withExpiryOf(first: Observation, second: Observation): Observation {
  return lists.reduce((own, [name, format]) => {
    return changed(own, name, (text) => withTimesOf(first.printed[name] ?? '', text, format))
  }, second)
}

/** Rows with the other ones' times, where these are near. */
function withTimesOf(other: string, text: string, format: RowFormat): string {
  const [model, own] = [parseConnections(other, format), parseConnections(text, format)]
  const rows = own.rows.map((row, i) => {
    const like = model.rows[i]
    const isNear = like?.identity === row.identity && Math.abs(like.expiresInS - row.expiresInS) <= toleranceS
    return isNear ? like : row
  })
  return formatConnections(own.title, rows, format)
}

/** Takes the id out of the outermost IPv4 header of packets that the director has made itself. */
function withoutOwnIds(observation: Observation): Observation {
  const isOwn = (frame: Buffer) => isFrom(frame, director.address) || isFromHostOf(frame, virtualNetwork)
  return { ...observation, sent: observation.sent.map((frame) => (isOwn(frame) ? withoutId(frame) : frame)) }
}
