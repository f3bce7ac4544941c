import type { RealServerOptions } from './index.js'
import { type Piece, realServerCommands, realServerStart, realServerStatus, realServerStop } from './index.js'

const actions = { start: realServerStart, stop: realServerStop, status: printStatus } as const

/**
 * `xlvs realserver start|stop|status`, with output on stdout; resolves with the exit status: 0, or 1 if status finds something missing.
 * @throws DirectorError
 */
export async function realServer(
  verb: keyof typeof actions,
  { print, ...options }: RealServerOptions & { readonly print: boolean },
): Promise<number> {
  if (print) {
    for (const command of await realServerCommands(options, verb)) console.log(command)
    return 0
  }
  return (await actions[verb](options)) ?? 0
}

async function printStatus(options: RealServerOptions): Promise<number> {
  const pieces = await realServerStatus(options)
  for (const piece of pieces) console.log(pieceText(piece))
  return pieces.every(({ ok }) => ok) ? 0 : 1
}

/** What is missing is on the left, where it is seen; the value only where it says more than that. */
function pieceText({ name, ok, value }: Piece): string {
  const isCounted = /^\d+$/.test(value)
  return `${ok ? 'ok     ' : 'missing'}  ${name}${isCounted ? ` = ${value}` : ''}`
}
