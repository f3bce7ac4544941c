import type { Observation } from '../../vm/compare/observation.js'

/** An observation of a director that prints these texts and no others, and sends nothing. */
export function observed(texts: Partial<Observation['printed']> = {}): Observation {
  return { printed: { '-Ln': '', '-Lnc': '', '-Sn': '', ...texts }, sent: [] }
}
