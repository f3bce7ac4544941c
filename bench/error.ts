/** What was asked for cannot be measured here; the message is for the person who asked. */
export class BenchError extends Error {
  override readonly name = 'BenchError'
}
