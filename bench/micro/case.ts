import type { PacketKind } from '../traffic.js'
import type { SubjectName } from './subject.js'

/** One row of the report for each of its subjects. */
export interface Case {
  readonly name: string
  readonly kind: PacketKind
  /** Flows in the table and in the traffic. New connections are made of others, so many as there are packets. */
  readonly flows: number
  readonly subjects: readonly SubjectName[]
  /**
   * Whether the flows come in another order than they were opened in, as they do in traffic. A table that lays
   * connections out one behind the other is much faster when it finds them one behind the other.
   */
  readonly scattered: boolean
  /** Packets of a sample. */
  readonly packets: number
  /** Packets before each sample that are not measured: they bring back into the caches what a subject had there. */
  readonly warmUp: number
  /** Each sample begins with an empty table. */
  readonly fresh: boolean
}
