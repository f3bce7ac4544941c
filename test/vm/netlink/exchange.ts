import { IPVS_CMD } from '../../../src/ipvs/codec/ipvs.js'
import type { Message } from '../../lib/netlink-message.js'
import { describeMessage } from './describe-message.js'

/** A request and all that either director has answered. */
export interface Exchange {
  readonly request: Buffer
  readonly kernel: readonly Message[]
  readonly director: readonly Message[]
}

/** The port of a socket, which the kernel puts into its answers. */
const portAt = 12

/**
 * What differs between the two answers but for ports, for a reader; undefined when nothing does. Sequence numbers are those of
 * the same request, and without packets statistics are all 0: they are compared.
 */
export function differenceIn({ request, kernel, director }: Exchange): string | undefined {
  const expected = inOrder(request, kernel.map(comparable)).filter(isOfServices(request) ? isFirst : () => true)
  const actual = inOrder(request, director.map(comparable))
  const isSame = expected.length === actual.length && expected.every((each, i) => actual[i]?.equals(each))
  if (isSame) return undefined
  const lines = [describeMessage(request), '--- kernel IPVS', '+++ xlvs']
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const [first, second] = [expected[i], actual[i]]
    if (first && second?.equals(first)) continue
    if (first) lines.push(`  - ${shown(first)}`)
    if (second) lines.push(`  + ${shown(second)}`)
  }
  return lines.join('\n')
}

/** Services come in the order of a hash table, which is another one in each namespace: `service order` in docs/differences.md. */
function inOrder(request: Buffer, answers: Buffer[]): Buffer[] {
  return isOfServices(request) ? answers.sort(Buffer.compare) : answers
}

function isOfServices(request: Buffer): boolean {
  return request.length >= 20 && request.readUInt8(16) === IPVS_CMD.GET_SERVICE
}

/**
 * A dump of the kernel's goes on behind so many services as it has seen, those of other namespaces counted: it repeats its own when
 * others are added meanwhile (ip_vs_genl_dump_services() in net/netfilter/ipvs/ip_vs_ctl.c).
 */
function isFirst(answer: Buffer, i: number, all: readonly Buffer[]): boolean {
  return i === 0 || !all[i - 1]?.equals(answer)
}

function comparable({ bytes }: Message): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(0, portAt)
  return copy
}

function shown(bytes: Buffer): string {
  return `${describeMessage(bytes)}\n      ${bytes.toString('hex')}`
}
