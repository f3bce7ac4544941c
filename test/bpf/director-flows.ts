import { checksum } from '../lib/packet.js'
import { segment } from './director-fixture.js'

const flagBits = { S: 0x02, A: 0x10, F: 0x11, R: 0x04 } as const
const [ipAt, tcpAt] = [14, 34]

/** A client's address, as a number, and port. */
export interface ClientFlow {
  readonly cip: number
  readonly cport: number
}

/** Made for speed: one frame, in which the client's address, port and the flags are set. */
export class FlowFrame {
  readonly #frame: Buffer

  /** @param frame of the service that is meant. */
  constructor(frame = segment('S')) {
    this.#frame = frame
  }

  /** @returns the same buffer each time. */
  of({ cip, cport }: ClientFlow, flags: keyof typeof flagBits): Buffer {
    const frame = this.#frame
    frame.writeUInt32BE(cip, ipAt + 12)
    frame.writeUInt16BE(0, ipAt + 10)
    frame.writeUInt16BE(checksum(frame.subarray(ipAt, tcpAt)), ipAt + 10)
    frame.writeUInt16BE(cport, tcpAt)
    frame[tcpAt + 13] = flagBits[flags]
    return frame
  }
}

/** Different flows, in an order that `random` decides. */
export function* randomFlows(random: () => number): Iterable<ClientFlow> {
  const seen = new Set<number>()
  while (true) {
    const cip = 0x01000000 + Math.floor(random() * 0xdeffffff)
    if (cip >>> 24 === 127) continue
    const cport = 1024 + Math.floor(random() * 64000)
    const key = cip * 0x10000 + cport
    if (seen.has(key)) continue
    seen.add(key)
    yield { cip, cport }
  }
}
