import type { FrameSpec } from '../lib/packet.js'

/** A packet that a director forwards, and bytes that Ethernet left behind it. */
export interface Shape extends FrameSpec {
  readonly padding: number
}

/** TCP and UDP, 0 to 2 VLAN tags, headers of 5 to 15 words, payloads up to a packet of `longest` bytes, with and without padding. */
export function* forwardedSpecs(longest: number): Iterable<Shape> {
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const vlans of [[], [7], [4095, 7]]) {
      for (let words = 5; words <= 15; words++) {
        const headers = 4 * words + (protocol === 'tcp' ? 20 : 8)
        for (const length of [0, 1, 6, 777, longest - headers]) {
          for (const padding of [0, 6]) {
            const ip = {
              options: Buffer.alloc(4 * words - 20, 1),
              id: length,
              tos: words,
              ttl: 255 - words,
              df: length === 1,
            }
            const shape = { vlans, ip, payload: Buffer.alloc(length, 0x5a), padding }
            yield protocol === 'tcp' ? { ...shape, tcp: { flags: 'S' } } : { ...shape, udp: {} }
          }
        }
      }
    }
  }
}
