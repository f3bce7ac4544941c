import type { BpfProgram } from '../../src/bpf/index.js'
import type { Sending, Server } from '../traffic.js'

/** A program that is measured, with its own maps. */
export interface Subject {
  readonly sending: Sending
  readonly program: BpfProgram
  /** The services that traffic goes to, one VIP behind the other. */
  readonly services: number
  /** Where it may send a packet. */
  readonly servers: readonly Server[]
  /** What the kernel says that its connection table takes, in bytes a slot; a program that keeps none has none. */
  readonly tableBytesPerSlot?: number
  /** Packets that it has forwarded, by its own counters; a program without counters has none. */
  forwarded?(): number
  close(): void
}

export const subjectNames = ['bare XDP_TX', 'textbook DR', 'textbook TUN', 'xlvs DR', 'xlvs TUN'] as const
export type SubjectName = (typeof subjectNames)[number]
