import type { Namespace } from './netns.js'

/** How often each server answered. */
export type Answers = Record<string, number>

/**
 * Ports that this process's clients have been given. None is used twice: its old connection may still be known, and lead to a real
 * server that has been taken out since. They are below those that the kernel gives.
 */
let lastPort = 10_000

/** So many requests by curl, one after the other, each on a connection of its own; all must be answered. */
export async function answers(client: Namespace, url: string, count: number): Promise<Answers> {
  const patient = ['--silent', '--show-error', '--fail', '--insecure', '--max-time', '10']
  const request = () => [...patient, '-H', 'Connection: close', '--local-port', `${++lastPort}`, url]
  const requests = Array.from({ length: count }, (_, i) => (i === 0 ? request() : ['--next', ...request()]))
  const text = await client.exec('curl', ['--fail-early', ...requests.flat()], { timeoutMs: 60_000 })
  return counted(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0] ?? ''),
  )
}

/** How often each name is in a list. */
export function counted(names: readonly string[]): Answers {
  const counts: Answers = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
