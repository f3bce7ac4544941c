import { spawnSync } from 'node:child_process'
import { Writable } from 'node:stream'
import { checkoutFile } from '../test/lib/checkout.js'
import { MachineError } from '../test/vm/machine/error.js'
import type { MachineOptions } from '../test/vm/machine/qemu.js'
import { runInMachine } from '../test/vm/machine/run.js'
import { thisEnvironment } from './environment.js'
import { BenchError } from './error.js'
import type { Session } from './group.js'
import type { GroupName, Result, Section } from './sample.js'

/** Stands between what a run in the machine says and its result. */
const mark = '==== result ===='
const script = `node dist/bench/run.js "$@" --native --json /tmp/result.json >/dev/null && echo '${mark}' && cat /tmp/result.json`

const machine: Omit<MachineOptions, 'accel'> = { cpus: 2, memoryMb: 3072, timeoutS: 3600 }

/** Measures groups in a virtual machine whose kernel has IP_VS (test/vm/machine): the same command, inside. */
export async function runInVm(
  names: readonly GroupName[],
  accel: MachineOptions['accel'],
  { quick, progress }: Session,
): Promise<readonly Section[]> {
  progress('preparing a virtual machine whose kernel has IP_VS')
  const setup = spawnSync(checkoutFile('scripts/setup'), ['--vm'], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (setup.status !== 0) throw new BenchError('scripts/setup --vm, which brings the kernel, has failed; see above')
  const output = new ResultReader(progress)
  const args = quick ? [...names, '--quick'] : names
  try {
    const status = await runInMachine(
      ['sh', '-c', script, 'sh', ...args],
      { ...machine, accel, withTests: false },
      output,
    )
    if (status !== 0) throw new BenchError(`the run in the virtual machine ended with status ${status}; see above`)
  } catch (error) {
    if (error instanceof MachineError) throw new BenchError(error.message, { cause: error })
    throw error
  }
  // The guest's programs are the host's; what it lacks, like the compiler, it was built with here.
  const { versions } = thisEnvironment()
  return output.result().sections.map(({ environment, ...section }) => ({
    ...section,
    environment: { ...environment, versions: { ...versions, ...environment.versions } },
  }))
}

/** Passes lines on as they come, and keeps what follows the mark. */
class ResultReader extends Writable {
  #line = ''
  #result: string | undefined

  constructor(private readonly tell: (sentence: string) => void) {
    super({ decodeStrings: true })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#result !== undefined) {
      this.#result += chunk.toString()
      done()
      return
    }
    const lines = (this.#line + chunk.toString()).split('\n')
    this.#line = lines.pop() ?? ''
    for (const [i, line] of lines.entries()) {
      if (line.trim() === mark) {
        this.#result = [...lines.slice(i + 1), this.#line].join('\n')
        break
      }
      this.tell(line.trimEnd())
    }
    done()
  }

  result(): Result {
    return JSON.parse(this.#result ?? '') as Result
  }
}
