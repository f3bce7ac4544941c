// Writes the TypeScript side of bpf/types.h:
//
//   node scripts/generate-layout.mjs BTF.json types.h layout.gen.ts
//
// BTF.json is `bpftool -j btf dump file director.bpf.o`: what clang made of the structs. types.h says
// which of them userspace is to see. The same input gives the same bytes.
import { readFileSync, writeFileSync } from 'node:fs'
import { emitLayout } from './layout/emit.mjs'
import { readModel } from './layout/model.mjs'

const [btfPath, headerPath, outputPath] = process.argv.slice(2)
if (outputPath === undefined) {
  console.error('usage: generate-layout.mjs BTF.json types.h layout.gen.ts')
  process.exit(2)
}
const { types } = JSON.parse(readFileSync(btfPath, 'utf8'))
writeFileSync(outputPath, emitLayout(readModel(types, readFileSync(headerPath, 'utf8'))))
