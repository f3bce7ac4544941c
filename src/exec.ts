/** `xlvs exec`: other programs with the preload library, which carries what they ask IPVS to the director. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getSystemErrorMap } from 'node:util'
import { ipvsSocketName } from './api/protocol.js'
import type { ExecOptions, ExecRefusal } from './cli/program.js'
import { DirectorError } from './core/errors.js'
import { native } from './native.js'

const defaultLibrary = fileURLToPath(new URL('../../build/Release/libxlvs-ipvs.so', import.meta.url))

/**
 * What has to stand in a program's environment.
 * @throws DirectorError if there is no library, or no program could be told where it is.
 */
export function preloadEnvironment(
  { runtimeDir }: Pick<ExecOptions, 'runtimeDir'>,
  inherited: Readonly<Record<string, string | undefined>> = {},
  library = defaultLibrary,
): Record<string, string> {
  if (!existsSync(library)) {
    throw new DirectorError('INVALID', `there is no ${library}; build it with: npm run setup`, { library })
  }
  // ld.so(8) splits LD_PRELOAD there, and there is no way to quote.
  if (/[\s:]/.test(library)) {
    const reason = 'LD_PRELOAD can name no path with a space or a colon: install xlvs elsewhere'
    throw new DirectorError('INVALID', `${library}: ${reason}`, { library })
  }
  return {
    LD_PRELOAD: [library, inherited.LD_PRELOAD].filter(Boolean).join(':'),
    XLVS_IPVS_SOCKET: join(resolve(runtimeDir), ipvsSocketName),
  }
}

/**
 * Replaces this process by a command: its number, and who waits for it, stay. Returns only if that is not possible.
 * RLIMIT_NOFILE's soft limit stays where Node has put it, at the hard one: what it was before is told nowhere.
 * @throws DirectorError as {@link preloadEnvironment}; UnsupportedError if the addon is not built.
 */
export function exec({ command, ...options }: ExecOptions): ExecRefusal {
  const env = { ...process.env, ...preloadEnvironment(options, process.env) }
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const error = native().exec(command[0], command, assignments)
  const [code, reason = code] = getSystemErrorMap().get(error) ?? [`error ${-error}`]
  return { status: code === 'ENOENT' ? 127 : 126, reason }
}
