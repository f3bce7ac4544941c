import { type Observation, textsOf } from './observation.js'

/** What differs between two observations. */
export interface Difference {
  /** Names of the texts that differ (observation.ts). */
  readonly names: readonly string[]
  /** For a reader. */
  readonly text: string
}

/** What differs between the observations of two directors; undefined when nothing does. */
export function difference(
  directors: readonly [string, string],
  first: Observation,
  second: Observation,
): Difference | undefined {
  const [texts, others] = [textsOf(first), textsOf(second)]
  const names = [...new Set([...texts.keys(), ...others.keys()])].filter((key) => texts.get(key) !== others.get(key))
  if (names.length === 0) return undefined
  const parts = names.map((name) => [name, ...differingLines(texts.get(name) ?? '', others.get(name) ?? '')])
  return { names, text: [`--- ${directors[0]}`, `+++ ${directors[1]}`, ...parts.flat()].join('\n') }
}

/** Lines from the first difference to the last one. */
function differingLines(text: string, other: string): string[] {
  const [lines, others] = [text.split('\n'), other.split('\n')]
  while (lines.length > 0 && others.length > 0 && lines[0] === others[0]) {
    lines.shift()
    others.shift()
  }
  while (lines.length > 0 && others.length > 0 && lines.at(-1) === others.at(-1)) {
    lines.pop()
    others.pop()
  }
  return [...lines.map((line) => `  - ${line}`), ...others.map((line) => `  + ${line}`)]
}
