import assert from 'node:assert/strict'
import { release } from 'node:os'
import { BpfObject } from '../../../src/bpf/index.js'
import { checkoutFile } from '../../lib/checkout.js'

/** Instructions that the verifier may follow in one program of the director. It gives up at a million. */
const budget = 100_000
/** What it followed in all when the packet path was one program, on Linux 6.1: commit 816ed67. */
const formerTotal = 282_000

/** Each program of the director, a stage of the packet path, keeps within the budget. @throws AssertionError */
export async function checkBudget(): Promise<void> {
  const object = BpfObject.open(checkoutFile('build/bpf/director.bpf.o'))
  object.load()
  const counts = object.programs().map((name) => [name, verifiedIn(object, name)] as const)
  object.close()
  const total = counts.reduce((sum, [, count]) => sum + count, 0)
  const rows = [...counts, ['in all', total] as const, ['as one program, on 6.1', formerTotal] as const]
  const lines = rows.map(([name, count]) => `  ${name.padEnd(24)}${count.toLocaleString('en-US').padStart(9)}`)
  console.log(`instructions that the verifier of Linux ${release()} follows, ${budget} at most:\n${lines.join('\n')}`)
  for (const [name, count] of counts) assert.ok(count > 0 && count <= budget, `${name}: ${count} instructions`)
}

function verifiedIn(object: BpfObject, name: string): number {
  const program = object.program(name)
  const { verifiedInstructions } = program.info
  program.close()
  return verifiedInstructions
}
