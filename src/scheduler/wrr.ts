import type { Candidate, Progress, Scheduler, SequenceSegment } from './scheduler.js'

/** A segment with what the kernel keeps in its mark: the level (`cw`) of the segment's first round. */
interface LevelledSegment extends SequenceSegment {
  readonly level: number
}

/**
 * Weighted round robin in the order of net/netfilter/ipvs/ip_vs_wrr.c: a round for each level `cw`,
 * from the largest weight down in steps of the weights' greatest common divisor `di`; a round goes through
 * the list and picks whoever weighs at least the level. Rounds between two neighbouring weights are alike, so a segment
 * for each distinct weight spells out any weights.
 *
 * As the kernel's ip_vs_wrr_dest_changed does, a change of servers starts the level reached anew.
 */
export const wrr: Scheduler = {
  name: 'wrr',
  isStepwise: true,
  plan(candidates, progress) {
    const di = divisor(candidates.map(({ weight }) => weight))
    const { segments, length } = walk(candidates, di)
    return {
      pick: 'sequence',
      segments: segments.map(({ start, servers }) => ({ start, servers })),
      length,
      start: progress ? startOf(levelReached(progress), segments, di) : 0,
    }
  },
}

function divisor(weights: readonly number[]): number {
  return weights.reduce(gcd, 0)
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/** One whole round of the kernel's walk, from the highest level to level 1. */
function walk(candidates: readonly Candidate[], di: number): { segments: LevelledSegment[]; length: number } {
  const weights = [...new Set(candidates.map(({ weight }) => weight))].sort((a, b) => b - a)
  const segments: LevelledSegment[] = []
  let length = 0
  for (const [i, weight] of weights.entries()) {
    const servers = candidates.filter((candidate) => candidate.weight >= weight).map(({ index }) => index)
    segments.push({ start: length, servers, level: weight - di + 1 })
    length += ((weight - (weights[i + 1] ?? 0)) / di) * servers.length
  }
  return { segments, length }
}

/** The kernel's `cw` at the last pick, or at the start while there was none; 0 for a plan with nobody in it. */
function levelReached({ plan, weights, picks }: Progress): number {
  if (plan.pick !== 'sequence') return 0
  const position = (plan.start + Math.max(picks - 1, 0)) % plan.length
  const segment = plan.segments.findLast(({ start }) => start <= position)
  if (!segment) return 0
  const weightsOf = ({ servers }: SequenceSegment) => servers.map((index) => weights[index] ?? 0)
  const di = divisor(plan.segments.flatMap(weightsOf))
  const round = Math.floor((position - segment.start) / segment.servers.length)
  return Math.min(...weightsOf(segment)) - di + 1 - round * di
}

/** Where the round of the level begins that ip_vs_wrr_dest_changed makes of the level reached. */
function startOf(reached: number, segments: readonly LevelledSegment[], di: number): number {
  if (reached === 0) return 0
  const level = di > 1 ? Math.floor(reached / di) * di + 1 : reached
  const segment = segments.findLast((candidate) => candidate.level >= level)
  return segment ? segment.start + ((segment.level - level) / di) * segment.servers.length : 0
}
