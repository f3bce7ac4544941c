import { readFileSync } from 'node:fs'
import { waitFor } from './wait-for.js'

/** Name of a process's program; '' if there is none with this id. */
export function programOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim()
}

/**
 * Ends a process and all that it has started, by SIGKILL; gives their ids. From below, as a child that
 * outlives its parent would be told (PR_SET_PDEATHSIG), and could clean up. The parents stand still
 * meanwhile and start no other.
 */
export function killTree(pid: number): number[] {
  process.kill(pid, 'SIGSTOP')
  const below = childrenOf(pid).flatMap(killTree)
  process.kill(pid, 'SIGKILL')
  return [...below, pid]
}

/** Waits until none of these processes is left, not even as a zombie, which its parent has not yet looked at. */
export async function areGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) await waitFor(`process ${pid} to be gone`, () => programOf(pid) === '')
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
