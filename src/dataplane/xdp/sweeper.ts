import type { BpfObject } from '../../bpf/index.js'
import { DirectorError } from '../../core/errors.js'

/** Sets the sweeper of a loaded director going (bpf/sweeper.h), and with it the clock of packets. @throws DirectorError INTERNAL. */
export function startSweeper(object: BpfObject): void {
  const program = object.program('start_sweeper')
  const { retval } = program.run()
  program.close()
  if (retval !== 0) throw new DirectorError('INTERNAL', `the sweeper did not start: ${retval | 0}`)
}
