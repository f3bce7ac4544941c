import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { checkoutFile } from '../lib/checkout.js'
import { MachineError } from './machine/error.js'

/** There when the module ip_vs is loaded, or built in. */
const sign = '/proc/net/ip_vs'

/**
 * Runs a command on this host as `runInMachine` does in the virtual machine: as root in the
 * checkout's folder, for at most so many seconds.
 * @throws MachineError when the kernel has no IP_VS, or the command cannot be started or takes too long.
 */
export async function runNatively([command = '', ...args]: readonly string[], timeoutS: number): Promise<number> {
  if (process.getuid?.() !== 0) throw new MachineError('--native: run this as root')
  if (!existsSync(sign)) spawnSync('modprobe', ['ip_vs'], { stdio: 'ignore' })
  if (!existsSync(sign)) throw new MachineError("--native: this host's kernel has no IP_VS (modprobe ip_vs failed)")

  const child = spawn(command, args, { cwd: checkoutFile(''), stdio: ['ignore', 'inherit', 'inherit'] })
  const stop = () => child.kill('SIGTERM')
  process.once('exit', stop)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, timeoutS * 1000)
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    if (isLate) throw new MachineError(`the command did not end within ${timeoutS} s (--timeout)`, 124)
    return status ?? 128 + (signal === null ? 0 : constants.signals[signal])
  } catch (cause) {
    if (cause instanceof MachineError) throw cause
    throw new MachineError(`${command} cannot be started`, 127, { cause })
  } finally {
    clearTimeout(timer)
    process.removeListener('exit', stop)
  }
}
