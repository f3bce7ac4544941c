import { BpfObject } from '../../src/bpf/index.js'
import { objectPath } from '../object-path.js'
import { servers } from '../traffic.js'
import type { Subject } from './subject.js'

/** bare.bpf.c: what any forwarding costs. */
export function openBareTx(): Subject {
  const object = BpfObject.open(objectPath('bench', 'bare'))
  object.load()
  const program = object.program('bare_tx')
  object.close()
  return { sending: 'mac', program, services: 1, servers, close: () => program.close() }
}
