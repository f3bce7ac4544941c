import { native } from '../native.js'
import { check } from './error.js'

/** Waits until each BPF program that runs now, on whatever CPU, has ended: some milliseconds. @throws BpfError. */
export function waitForPrograms(): void {
  check(native().waitForPrograms(), 'bpf_map_update_elem', 'a map of maps')
}
