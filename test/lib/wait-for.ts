import { setTimeout as delay } from 'node:timers/promises'

const intervalMs = 20

/**
 * Polls until a probe gives something truthy, and returns that. For states of the kernel and of
 * other processes, which nobody announces.
 * @throws Error that names what was waited for, how long, and the probe's last error if it had one.
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<Exclude<T, undefined | null | false | '' | 0>> {
  const deadline = performance.now() + deadlineMs
  let cause: unknown
  do {
    try {
      const value = await probe()
      if (value) return value as Exclude<T, undefined | null | false | '' | 0>
      cause = undefined
    } catch (error) {
      cause = error
    }
    await delay(intervalMs)
  } while (performance.now() < deadline)
  const reason = cause instanceof Error ? `: ${cause.message}` : ''
  throw new Error(`waited ${deadlineMs} ms in vain for ${what}${reason}`, { cause })
}
