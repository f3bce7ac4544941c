/** `npm run bench [-- --quick] [-- --json FILE]`: see README.md. */
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { establishedCases } from './cases/established.js'
import { newConnectionCases } from './cases/new-connections.js'
import { Harness } from './harness.js'
import { Bench, type Sample } from './measure.js'
import { type TableMemory, table, targets, targetTable } from './report.js'
import { openSubject } from './subjects/open.js'
import { subjectNames } from './subjects/subject.js'

/** Room for twice the largest number of flows, in every table. */
const slots = 2 ** 21
const allRounds = 9
const quickRounds = 3

const { values: options } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'string' } } })
const rounds = options.quick ? quickRounds : allRounds
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, kernel: release() }

const harness = new Harness()
const bench = new Bench(harness, (name) => openSubject(name, slots))
try {
  console.log(`${machine.cpu}, ${machine.cpus} CPUs, Linux ${machine.kernel}; medians of ${rounds} rounds\n`)
  const memory: TableMemory = Object.fromEntries(
    subjectNames.flatMap((name) => {
      const bytes = bench.subject(name).tableBytesPerSlot
      return bytes === undefined ? [] : [[name, bytes]]
    }),
  )
  const samples: Sample[] = []
  for (const spec of [...establishedCases, ...newConnectionCases]) {
    process.stderr.write(`${spec.name}, ${spec.flows.toLocaleString('en-US')} flows\n`)
    samples.push(...bench.run(spec, rounds))
  }
  const reached = targets(samples, memory)
  console.log(`${table(samples)}\n\n${targetTable(reached)}`)
  if (options.json !== undefined) {
    const result = { machine, slots, rounds, tableBytesPerSlot: memory, targets: reached, samples }
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`)
  }
} finally {
  bench.close()
  harness.close()
}
