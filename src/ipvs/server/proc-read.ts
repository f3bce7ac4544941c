import { NetlinkError } from '../codec/error.js'
import { PROC_READ, procAttributes } from '../codec/proc.js'
import type { Context } from './context.js'
import type { Reply } from './get.js'
import { procFiles, type Text } from './proc-files.js'

/** Characters of a file in one message. */
const pieceCharacters = 16_384

/**
 * Reads a file of /proc.
 * @throws NetlinkError EINVAL without a name, ENOENT for one that is not known: before anything is read.
 */
export function readProc(context: Context, attributes: Buffer): AsyncIterable<Reply> {
  const { name } = procAttributes.decode(attributes)
  if (name === undefined) throw new NetlinkError('EINVAL', 'no name of a file')
  const make = procFiles.get(name)
  if (!make) throw new NetlinkError('ENOENT', `no file ${name}`)
  return pieces(make(context))
}

async function* pieces(text: Text): AsyncIterable<Reply> {
  let piece = ''
  for await (const some of text) {
    piece += some
    if (piece.length < pieceCharacters) continue
    for (; piece.length > pieceCharacters; piece = piece.slice(pieceCharacters)) {
      yield reply(piece.slice(0, pieceCharacters))
    }
  }
  if (piece !== '') yield reply(piece)
}

function reply(piece: string): Reply {
  const text = Buffer.from(piece, 'latin1')
  return { cmd: PROC_READ, body: (writer) => procAttributes.encode(writer, { text }) }
}
