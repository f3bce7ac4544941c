import { native } from '../native.js'
import { check } from './error.js'

/** CPUs that may ever come up: the number of values that a per-CPU map has for each key. */
export function possibleCpus(): number {
  return check(native().possibleCpus(), 'libbpf_num_possible_cpus', '/sys/devices/system/cpu/possible')
}
