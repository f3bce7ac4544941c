import type { BpfProgram } from '../../src/bpf/index.js'
import type { Sending } from '../traffic.js'

/** A program that is measured, with its own maps, forwarding to the servers of traffic.ts. */
export interface Subject {
  readonly name: SubjectName
  readonly sending: Sending
  readonly program: BpfProgram
  /** What the kernel says that its connection table takes, in bytes a slot; a program that keeps none has none. */
  readonly tableBytesPerSlot?: number
  /** Packets that it has forwarded, by its own counters; a program without counters has none. */
  forwarded?(): number
  close(): void
}

export const subjectNames = ['bare-tx', 'textbook-dr', 'textbook-tun', 'director-dr', 'director-tun'] as const
export type SubjectName = (typeof subjectNames)[number]
