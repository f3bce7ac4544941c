import { dr } from './lab-dr.js'
import { mixed } from './lab-mixed.js'
import type { LabSpec } from './lab-spec.js'
import { tun } from './lab-tun.js'

/** All labs, in the order in which the demo runs them. */
export const labs: readonly LabSpec[] = [dr, tun, mixed]
