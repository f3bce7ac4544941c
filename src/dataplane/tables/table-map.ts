import type { BpfMap } from '../../bpf/index.js'

/** A map as the tables use it: one of the kernel's, or memory of this process that does the same. */
export type TableMap = Pick<BpfMap, 'name' | 'lookup' | 'update' | 'delete' | 'lookupAll' | 'view' | 'unview'> & {
  readonly info: Pick<BpfMap['info'], 'keySize' | 'valueSize' | 'valueBytes' | 'maxEntries'>
}
