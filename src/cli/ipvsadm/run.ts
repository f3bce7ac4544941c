import { DirectorError } from '../../core/errors.js'
import { write } from '../output.js'
import { ArgumentError, refusalText } from './errors.js'
import type { Io } from './io.js'
import type { CommandName } from './options.js'
import { parseCommandLine } from './parse.js'
import { OptionError } from './popt.js'
import type { Request } from './request.js'

/**
 * ipvsadm: reads a command line (without the program's name), does what it says, and returns the exit status: 0; 1 if
 * nothing could be listed; 2 for wrong arguments or when no director runs; 255 for what the director refuses.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let name: CommandName = 'list'
  try {
    const line = await parseCommandLine(argv.length === 0 ? ['--list'] : argv, io.names)
    name = line.name
    if (line.request instanceof DirectorError) throw line.request
    return await perform(line.request, io)
  } catch (error) {
    return complain(io, name, error)
  }
}

/** Each kind loads what it needs when it is asked for: a call is mostly start-up. */
async function perform(request: Request, io: Io): Promise<number> {
  switch (request.kind) {
    case 'help':
      await write(io.stdout, (await import('./help.js')).helpText())
      return 0
    case 'version':
      await write(io.stdout, (await import('./help.js')).versionLine)
      return 0
    case 'change': {
      const [refusal] = await io.client.commands([request.change])
      if (refusal) throw new DirectorError(refusal.code, refusal.message)
      return 0
    }
    case 'list':
    case 'list-connections':
    case 'list-timeouts':
    case 'list-daemons':
    case 'save':
      await (await import('./list.js')).list(request, io)
      return 0
    case 'restore': {
      const { atLine, restore } = await import('./restore.js')
      return restore(io, (shown, line) =>
        perform(shown, io).catch((error) => complain(io, shown.name, error, (message) => atLine(line, message))),
      )
    }
  }
}

/** Prints an expected error in ipvsadm's words; returns the exit status. @param told what is made of the words. */
async function complain(
  { stderr }: Pick<Io, 'stderr'>,
  name: CommandName,
  error: unknown,
  told = (message: string) => message,
): Promise<number> {
  const [message, status] = describe(name, error)
  await write(stderr, `${told(message)}\n`)
  return status
}

function describe(name: CommandName, error: unknown): [message: string, status: number] {
  if (error instanceof ArgumentError) return [error.message, error.status]
  if (error instanceof OptionError) return [error.message, 255]
  if (!(error instanceof DirectorError)) throw error
  const message = refusalText(name, error)
  if (error.code === 'NOT_RUNNING') return [message, 2]
  const isList = name === 'list' || name === 'save'
  return [message, isList && error.code !== 'UNSUPPORTED' ? 1 : 255]
}
