import type { Traffic } from '../../core/traffic.js'
import { trafficBaseLayout, trafficLayout } from './layout.gen.js'
import type { Layout } from './layout-fields.js'

/** struct traffic_base. */
export interface TrafficBase {
  readonly added: Traffic
  readonly zero: Traffic
}

/**
 * struct traffic as the rest of the program has it. The generated codec gives bigints, which are
 * objects: every two seconds all services are read, and ten thousand made garbage by the megabyte.
 */
export const trafficCodec: Layout<Traffic> = {
  ...trafficLayout,
  decode(view, offset) {
    const { conns, packets, bytes } = trafficLayout.offsets
    return {
      conns: readCount(view, offset + conns),
      inPackets: readCount(view, offset + packets),
      inBytes: readCount(view, offset + bytes),
    }
  },
  encode(view, offset, { conns, inPackets, inBytes }) {
    trafficLayout.encode(view, offset, { conns: BigInt(conns), packets: BigInt(inPackets), bytes: BigInt(inBytes) })
  },
}

export const trafficBaseCodec: Layout<TrafficBase> = {
  ...trafficBaseLayout,
  decode(view, offset) {
    const { added, zero } = trafficBaseLayout.offsets
    return { added: trafficCodec.decode(view, offset + added), zero: trafficCodec.decode(view, offset + zero) }
  },
  encode(view, offset, base) {
    const { added, zero } = trafficBaseLayout.offsets
    trafficCodec.encode(view, offset + added, base.added)
    trafficCodec.encode(view, offset + zero, base.zero)
  },
}

/** One count of struct traffic. */
export const countCodec: Pick<Layout<number>, 'decode'> = { decode: readCount }

const oneDouble = new Float64Array(1)
const itsWords = new Uint32Array(oneDouble.buffer)

/**
 * 64 bits, exact below 2^53. Packets add to them meanwhile, so both halves are read at once: as a
 * double, for a bigint is an object.
 */
function readCount(view: DataView, offset: number): number {
  oneDouble[0] = view.getFloat64(offset, true)
  const [low = 0, high = 0] = itsWords
  return low + high * 2 ** 32
}
