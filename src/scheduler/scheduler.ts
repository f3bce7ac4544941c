/** A server that may be picked now: in the service's list, weight above 0, next hop known. */
export interface Candidate {
  /** Position in the service's list, newest first: how plans name servers. */
  readonly index: number
  readonly weight: number
}

/** A part of a sequence in which the same servers recur until the next segment starts. */
export interface SequenceSegment {
  /** Position in the sequence at which it begins; the first begins at 0. */
  readonly start: number
  /** Indexes of servers (Candidate.index), at least one. */
  readonly servers: readonly number[]
}

/** A cursor walks a fixed sequence over and over (PICK_SEQUENCE in bpf/pick.h). */
export interface SequencePlan {
  readonly pick: 'sequence'
  readonly segments: readonly SequenceSegment[]
  /** Picks in a whole round; 0 when there is nobody to pick. */
  readonly length: number
  /** Position of the first pick after the plan is installed. */
  readonly start: number
}

/** Least `overhead / weight`, the earlier entry on a tie (PICK_LEAST in bpf/pick.h). */
export interface LeastPlan {
  readonly pick: 'least'
  readonly entries: readonly { readonly server: number; readonly weight: number }[]
}

/** What the kernel needs in order to pick: a closed union, one member for each picker of bpf/pick.h. */
export type SchedulePlan = SequencePlan | LeastPlan

/** How far the plan in force has got, for schedulers that go on where they were. */
export interface Progress {
  readonly plan: SchedulePlan
  /** Weights in the list that the plan's indexes refer to, newest first. */
  readonly weights: readonly number[]
  /** Picks made since the plan was installed. */
  readonly picks: number
  /**
   * Position of the server last picked in the list as it is now, candidate or not; -1 while there is none. A
   * server that left the list is stood for by the one that was before it.
   */
  readonly last: number
}

/** A scheduling method. Pure: the same arguments give the same plan. */
export interface Scheduler {
  /** The name after `-s`. */
  readonly name: string
  /** Where it begins depends on each step of a change: servers that come together are to be added one by one. */
  readonly isStepwise?: true
  /**
   * Decides who is picked from now on.
   * @param candidates in the order of the service's list, newest first.
   * @param progress of the same scheduler's previous plan; undefined for a new service or after a change of scheduler.
   */
  plan(candidates: readonly Candidate[], progress?: Progress): SchedulePlan
}
