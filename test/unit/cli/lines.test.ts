import t from 'tap'
import { lineBatches } from '../../../src/cli/lines.js'

t.test('puts lines together, wherever they were cut', async (t) => {
  const cases: [pieces: string[], batches: string[][]][] = [
    [[], []],
    [['a\nb\n'], [['a', 'b']]],
    [['a\nb'], [['a'], ['b']]],
    [
      ['a', 'b\nc', '\n'],
      [['ab'], ['c']],
    ],
    [
      ['a\n', '\nb\n'],
      [['a'], ['', 'b']],
    ],
    [['a', 'b', 'c'], [['abc']]],
  ]
  for (const [pieces, expected] of cases) {
    async function* stream() {
      yield* pieces
    }
    const batches: (readonly string[])[] = []
    for await (const batch of lineBatches(stream())) batches.push(batch)
    t.same(batches, expected, JSON.stringify(pieces))
  }
})
