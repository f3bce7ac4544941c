import { BpfObject } from '../../src/bpf/index.js'
import { objectPath } from '../object-path.js'
import type { Subject } from './subject.js'

/** bare_tx.bpf.c: what any forwarding costs. */
export function openBareTx(): Subject {
  const object = BpfObject.open(objectPath('bench', 'bare_tx'))
  object.load()
  const program = object.program('bare_tx')
  object.close()
  return { name: 'bare-tx', sending: 'mac', program, close: () => program.close() }
}
