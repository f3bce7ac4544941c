import { preloadEnvironment } from '../../src/exec.js'
import { type DirectorProcess, xlvsCommand } from './director-process.js'
import type { ExecOptions } from './process.js'

/** Has a program of the distribution drive a director instead of the kernel: `xlvs exec`. */
export function ipvsClient({ options }: DirectorProcess): { readonly under: readonly string[] } {
  return { under: [xlvsCommand, 'exec', '--runtime-dir', options.runtimeDirectory, '--'] }
}

/** Runs the distribution's ipvsadm against a director, with arguments as typed. Must succeed. */
export function realIpvsadm(director: DirectorProcess, line: string): Promise<string> {
  return withPreload(director, '/usr/sbin/ipvsadm', line.split(' '))
}

/** Runs an operator's shell script in which `ipvsadm` is the distribution's. Must succeed. */
export function realScript(director: DirectorProcess, text: string): Promise<string> {
  return withPreload(director, 'sh', ['-eu'], { input: text })
}

/** As a drop-in of systemd does it, which is quicker than `xlvs exec`. */
function withPreload(
  { namespace, options }: DirectorProcess,
  command: string,
  args: readonly string[],
  execOptions: ExecOptions = {},
): Promise<string> {
  const env = preloadEnvironment({ runtimeDir: options.runtimeDirectory })
  return namespace.exec(command, args, { ...execOptions, env })
}
