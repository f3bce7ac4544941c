import { readdirSync, readFileSync } from 'node:fs'
import { maxControlConnections } from './api/server.js'
import type { Logger } from './core/logger.js'
import { maxNetlinkConnections } from './ipvs/server/server.js'
import { maxMetricsConnections } from './metrics/server.js'

/** Descriptors for what comes and goes: `ip` and `nft` with three pipes each, files, interfaces that come back. */
const spare = 64

/** Warns if clients can take the descriptors that upkeep needs: that keeps the ways to real servers current. */
export function checkDescriptors(log: Logger, limit = openFilesLimit()): void {
  const open = readdirSync('/proc/self/fd').length
  const needed = open + spare + maxControlConnections + maxNetlinkConnections + maxMetricsConnections
  if (limit >= needed) return
  log.warn(
    { limit, needed },
    'the limit of open files is too low: many clients at once can stop the upkeep; raise RLIMIT_NOFILE',
  )
}

/** The soft limit of this process, which Node has raised to the hard one. */
function openFilesLimit(): number {
  const [, soft = ''] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}
