import { type Observation, textsOf } from './observation.js'

/** What differs between two observations, for a reader; undefined when nothing does. */
export function difference(
  names: readonly [string, string],
  first: Observation,
  second: Observation,
): string | undefined {
  const [texts, others] = [textsOf(first), textsOf(second)]
  const differing = [...new Set([...texts.keys(), ...others.keys()])].filter(
    (key) => texts.get(key) !== others.get(key),
  )
  if (differing.length === 0) return undefined
  const parts = differing.map((key) => [key, ...differingLines(texts.get(key) ?? '', others.get(key) ?? '')])
  return [`--- ${names[0]}`, `+++ ${names[1]}`, ...parts.flat()].join('\n')
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
