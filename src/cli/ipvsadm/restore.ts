import type { Command } from '../../api/protocol.js'
import { DirectorError } from '../../core/errors.js'
import { lineBatches } from '../lines.js'
import { write } from '../output.js'
import { ArgumentError, refusalText, tryHelp } from './errors.js'
import type { Io } from './io.js'
import type { Names } from './names.js'
import type { CommandName } from './options.js'
import { parseCommandLine } from './parse.js'
import { OptionError } from './popt.js'
import type { Request } from './request.js'

/** Lines that go to the director in one request, at most. */
const maxBatch = 1000

/** A line whose turn has not come: a change to send, or the sentence to print instead. */
type Waiting = { readonly number: number } & (
  | { readonly name: CommandName; readonly change: Command }
  | { readonly refusal: string }
)

/**
 * `-R`: carries out the command lines on stdin in order. What the director refuses is printed, and the next line is
 * tried; the exit status is that of the last line. An error of the line itself ends it at once, as do -h and -v. Where ipvsadm
 * does not say which line it speaks of, the number stands before the sentence.
 *
 * Lines that have arrived together are sent together: that is what makes a large table quick to load, and a line that
 * comes alone is carried out when it comes.
 * @param show does what is no change: lists.
 * @throws ArgumentError, after the lines before it have been carried out; DirectorError if the director is out of reach.
 */
export async function restore(
  io: Pick<Io, 'stdin' | 'stderr' | 'client' | 'names'>,
  show: (request: Request, line: number) => Promise<number>,
): Promise<number> {
  let waiting: Waiting[] = []
  let number = 0
  let status = 0
  let sent: Promise<void> = Promise.resolve()

  /** Lines are read on while the director is at work on those before them. */
  async function carryOut(): Promise<void> {
    await sent
    sent = send(waiting)
    waiting = []
    // Whoever waits for it hears of an error; until somebody does, it must not end the process.
    sent.catch(() => {})
  }

  async function finish(): Promise<void> {
    await carryOut()
    await sent
  }

  async function send(lines: readonly Waiting[]): Promise<void> {
    const changes = lines.flatMap((line) => ('change' in line ? [line.change] : []))
    const results = (changes.length === 0 ? [] : await io.client.commands(changes)).values()
    let complaints = ''
    for (const line of lines) {
      const result = 'change' in line ? results.next().value : undefined
      const refusal = 'refusal' in line ? line.refusal : result && refusalText(line.name, result)
      if (refusal) complaints += `${atLine(line.number, refusal)}\n`
      status = refusal ? 255 : 0
    }
    if (complaints !== '') await write(io.stderr, complaints)
  }

  try {
    for await (const lines of lineBatches(io.stdin.setEncoding('utf8'))) {
      for (const text of lines) {
        number++
        const argv = words(text)
        if (argv.length === 0) continue
        const line = await readLine(number, argv, io.names)
        if ('kind' in line) {
          await finish()
          if (line.kind === 'restore') throw tryHelp()
          status = await show(line, number)
          if (status !== 0 || line.kind === 'help' || line.kind === 'version') return status
        } else {
          waiting.push(line)
          if (waiting.length >= maxBatch) await carryOut()
        }
      }
      await carryOut()
    }
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    await finish()
    throw new ArgumentError(atLine(number, error.message), error.status)
  }
  await finish()
  return status
}

/** A complaint about a line of the input. */
export function atLine(number: number, complaint: string): string {
  return `line ${number}: ${complaint}`
}

/** The words of a line: ipvsadm passes over its own name, wherever it stands. */
function words(text: string): string[] {
  return text.split(/[ \t\r]+/).filter((word) => word !== '' && word !== 'ipvsadm')
}

/** A line to wait with the others, or a request that cannot. */
async function readLine(
  number: number,
  argv: readonly string[],
  names: Names,
): Promise<Waiting | Exclude<Request, { kind: 'change' }>> {
  try {
    const { name, request } = await parseCommandLine(argv, names)
    if (request instanceof DirectorError) return { number, refusal: refusalText(name, request) }
    return request.kind === 'change' ? { number, name, change: request.change } : request
  } catch (error) {
    if (error instanceof OptionError) return { number, refusal: error.message }
    throw error
  }
}
