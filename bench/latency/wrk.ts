import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../test/lib/network.js'
import type { Workspace } from '../../test/lib/workspace.js'

/** What wrk runs in the end (https://github.com/wg/wrk/blob/master/SCRIPTING): figures that its own report lacks. */
const script = `
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('figures %d %d %d %d %d %d\\n', summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`

export interface Requests {
  readonly count: number
  readonly perSecond: number
  /** In microseconds, by name. */
  readonly percentiles: Readonly<Record<'p50' | 'p99' | 'p99.9', number>>
}

/**
 * Requests one after the other on one connection that stays open: the next waits for the answer to the one before, so
 * no queue is measured.
 * @throws Error if one of them failed.
 */
export async function requests(client: Host, url: string, seconds: number, workspace: Workspace): Promise<Requests> {
  const file = join(workspace.directory, 'figures.lua')
  writeFileSync(file, script)
  const report = await client.namespace.exec('wrk', ['-t', '1', '-c', '1', '-d', `${seconds}s`, '-s', file, url])
  const found = /^figures (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(report)
  if (!found) throw new Error(`wrk ${url}: ${report}`)
  const [count = 0, errors = 0, microseconds = 0, p50 = 0, p99 = 0, p999 = 0] = found.slice(1).map(Number)
  if (errors > 0) throw new Error(`wrk ${url}: ${errors} of ${count} requests failed`)
  return { count, perSecond: (count / microseconds) * 1e6, percentiles: { p50, p99, 'p99.9': p999 } }
}
