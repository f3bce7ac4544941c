import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'
import type { Status } from '../native.js'

/** Names as the kernel's documentation has them, where libuv's differ or are missing (linux/errno.h). */
const kernelErrnos = new Map([
  [95, 'EOPNOTSUPP'],
  [524, 'ENOTSUPP'],
])

const libcErrnos = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]))

/** `EPERM` for 1. */
function errnoName(errno: number): string {
  return kernelErrnos.get(errno) ?? getSystemErrorMap().get(-errno)?.[0] ?? libcErrnos.get(errno) ?? `errno ${errno}`
}

/** The lines of a verifier's or libbpf's log that say what was wrong: the last few, without statistics and framing. */
function lastLines(log: string): string {
  const [, verifier] = /-- BEGIN PROG LOAD LOG --\n([\s\S]*?)-- END PROG LOAD LOG --/.exec(log) ?? []
  return (verifier ?? log)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^processed \d+ insns|^(max_states|libbpf: failed to load object)/.test(line))
    .slice(-3)
    .join('; ')
}

/** A refusal by the kernel or libbpf. */
export class BpfError extends Error {
  override readonly name = 'BpfError'
  /** Name of the errno: `EPERM`. */
  readonly code: string

  /**
   * @param errno positive.
   * @param syscall what was called: a command of bpf(2) (`BPF_MAP_UPDATE_ELEM`), a function of libbpf, or a system call.
   * @param subject the map, program, file that it was about.
   * @param log all that libbpf and the verifier said; '' if nothing.
   */
  constructor(
    readonly errno: number,
    readonly syscall: string,
    subject: string,
    readonly log = '',
    options?: ErrorOptions,
  ) {
    const code = errnoName(errno)
    const words = getSystemErrorMap().get(-errno)?.[1]
    const reason = lastLines(log)
    super(
      `${syscall} ${subject}: ${code}${words === undefined ? '' : ` (${words})`}${reason === '' ? '' : `: ${reason}`}`,
      options,
    )
    this.code = code
  }
}

/**
 * Passes on a result of the addon.
 * @throws BpfError if it is -errno.
 */
export function check(result: Status, syscall: string, subject: string, log?: string): number
export function check<T extends object>(result: T | Status, syscall: string, subject: string, log?: string): T
export function check(result: unknown, syscall: string, subject: string, log?: string): unknown {
  if (typeof result === 'number' && result < 0) throw new BpfError(-result, syscall, subject, log)
  return result
}
