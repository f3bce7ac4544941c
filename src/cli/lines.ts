/**
 * Splits text that arrives in pieces into its lines: for each piece the lines that it completes. A last line needs no
 * newline.
 */
export async function* lineBatches(pieces: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let rest = ''
  for await (const piece of pieces) {
    const lines = piece.split('\n')
    // Only the piece is searched: a long line that comes in a thousand pieces is not looked through a thousand times.
    lines[0] = rest + lines[0]
    rest = lines.pop() as string
    if (lines.length > 0) yield lines
  }
  if (rest !== '') yield [rest]
}
