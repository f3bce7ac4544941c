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
  const [expected, actual] = [inOrder(request, kernel.map(comparable)), inOrder(request, director.map(comparable))]
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
  const isOfServices = request.length >= 20 && request.readUInt8(16) === IPVS_CMD.GET_SERVICE
  return isOfServices ? answers.sort(Buffer.compare) : answers
}

function comparable({ bytes }: Message): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(0, portAt)
  return copy
}

function shown(bytes: Buffer): string {
  return `${describeMessage(bytes)}\n      ${bytes.toString('hex')}`
}
