import type { Environment, Result, Sample, Section } from '../../../bench/sample.js'

export const hardware: Environment = {
  cpu: 'a processor',
  cpus: 2,
  memoryMiB: 1024,
  kernel: '6.1.0',
  emulated: false,
  versions: { xlvs: '0.1.0' },
}

export const emulated: Environment = { ...hardware, cpu: 'QEMU TCG CPU', emulated: true }

/** Values of the rounds of one subject in one case. */
export function rounds(of: Omit<Sample, 'round' | 'value'>, values: readonly number[]): Sample[] {
  return values.map((value, round) => ({ ...of, round, value }))
}

export function resultOf(sections: readonly Section[]): Result {
  return { format: 1, started: '2026-01-02T03:04:05Z', command: 'bench', quick: true, sections, targets: [] }
}
