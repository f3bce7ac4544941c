import { execFileSync } from 'node:child_process'

/** The CPUs that the main thread may run on, in ascending order. @throws Error if taskset does not say. */
export function allowedCpus(): readonly number[] {
  const list = /: ([\d,-]+)\s*$/.exec(taskset(String(process.pid)))?.[1]
  if (list === undefined) throw new Error('taskset does not say on which CPUs this process may run')
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/**
 * Keeps the main thread on a CPU from now on, and with it what BPF_PROG_TEST_RUN runs in the calling
 * thread. Threads and processes that are started later inherit it.
 * @param cpu by default the first that it may run on.
 * @returns the CPU.
 * @throws Error if it is not one that the machine lets this process run on.
 */
export function pinToCpu(cpu = allowedCpus()[0] ?? 0): number {
  taskset(String(cpu), String(process.pid))
  const now = allowedCpus()
  if (now.length !== 1 || now[0] !== cpu) throw new Error(`pinned to CPU ${cpu}, the main thread may run on ${now}`)
  return cpu
}

function taskset(...args: string[]): string {
  try {
    return execFileSync('taskset', ['-pc', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (cause) {
    throw new Error(`taskset -pc ${args.join(' ')} failed: pinning to a CPU takes util-linux and that CPU`, { cause })
  }
}
