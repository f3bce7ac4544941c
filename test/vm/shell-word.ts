/** A word as a shell has to see it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
