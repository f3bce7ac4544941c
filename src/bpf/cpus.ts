import { readFileSync } from 'node:fs'
import { native } from '../native.js'
import { check } from './error.js'

/** As in '0-3', '0,2-5'. */
const possiblePath = '/sys/devices/system/cpu/possible'

/** CPUs that may ever come up: the number of values that a per-CPU map has for each key. */
export function possibleCpus(): number {
  return check(native().possibleCpus(), 'libbpf_num_possible_cpus', possiblePath)
}

/** One more than the highest number that a CPU can have. Numbers may have gaps: {@link possibleCpus} can be less. */
export function cpuNumbers(): number {
  return 1 + Number(/\d+$/.exec(readFileSync(possiblePath, 'utf8').trimEnd())?.[0])
}
