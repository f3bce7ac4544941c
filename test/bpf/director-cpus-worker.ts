/** One CPU's packets: sends what the tests of several CPUs tell it to. */
import { parentPort, workerData } from 'node:worker_threads'
import { BpfProgram, xdpActions } from '../../src/bpf/index.js'
import { type ClientFlow, FlowFrame } from './director-flows.js'

export interface CpuTask {
  /** Pin of the program. */
  readonly programPath: string
  readonly packets: readonly (ClientFlow & { readonly flags: 'S' | 'A' | 'F' | 'R' })[]
  /** Packets between two moments at which all wait for the slowest. */
  readonly burst: number
  readonly workers: number
  /** Bursts that workers have come to, all together. */
  readonly arrivals: Int32Array
}

/** Packets by what the program returned. */
export type CpuResult = Readonly<Record<string, number>>

/** Some 100 microseconds. */
const spinTries = 5000

const { programPath, packets, burst, workers, arrivals } = workerData as CpuTask
const program = BpfProgram.openPinned(programPath)
const frames = new FlowFrame()
const actions = Object.entries(xdpActions)
const result: Record<string, number> = {}

packets.forEach((packet, i) => {
  if (i % burst === 0) rendezvous((i / burst + 1) * workers)
  const { retval } = program.testRun({ data: frames.of(packet, packet.flags) })
  const action = actions.find(([, value]) => value === retval)?.[0] ?? String(retval)
  result[action] = (result[action] ?? 0) + 1
})
program.close()
parentPort?.postMessage(result satisfies CpuResult)

/** Waits for the others: spinning, so that all start within a microsecond, unless they have no CPU to come on. */
function rendezvous(all: number): void {
  Atomics.add(arrivals, 0, 1)
  Atomics.notify(arrivals, 0)
  for (let tries = 0; Atomics.load(arrivals, 0) < all; tries++) {
    if (tries > spinTries) Atomics.wait(arrivals, 0, Atomics.load(arrivals, 0), 1)
  }
}
