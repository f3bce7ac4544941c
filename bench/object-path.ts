import { fileURLToPath } from 'node:url'

/** Path of a compiled BPF object. This file is dist/bench/object-path.js when it runs. */
export function objectPath(kind: 'bench' | 'bpf', name: string): string {
  return fileURLToPath(new URL(`../../build/${kind}/${name}.bpf.o`, import.meta.url))
}
