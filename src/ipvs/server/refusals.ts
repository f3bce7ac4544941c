import { DirectorError, type ErrorCode } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { type Errno, NetlinkError } from '../codec/error.js'

/** What IPVS can do and this director cannot yet. */
export interface Lack {
  /** As it is called on ipvsadm's command line. */
  readonly feature: string
  readonly code: Errno
}

/**
 * The errno for what kernel IPVS has in every build, so that no kernel ever says that it is missing: the one that it gives when it
 * cannot be used (ip_vs_add_service), `Protocol not available`. EOPNOTSUPP would be `Operation not supported with IPv6` in
 * ipvsadm's words.
 */
export const lacking: Errno = 'ENOPROTOOPT'

/** A command is refused for want of a feature. */
export class LackError extends NetlinkError {
  constructor(
    /** Whose command it was, `tcp 192.0.2.10:80`. */
    readonly service: string,
    /** At least one; the first one's errno is the answer. */
    readonly lacks: readonly [Lack, ...Lack[]],
  ) {
    super(lacks[0].code, `${service}: ${lacks.map(({ feature }) => feature).join(', ')}`)
  }
}

/** What the kernel says where the director has such an error (ip_vs_ctl.c). */
const errnos: Readonly<Record<ErrorCode, Errno>> = {
  SERVICE_EXISTS: 'EEXIST',
  NO_SUCH_SERVICE: 'ESRCH',
  SERVER_EXISTS: 'EEXIST',
  NO_SUCH_SERVER: 'ENOENT',
  NO_SUCH_SCHEDULER: 'ENOENT',
  INVALID: 'EINVAL',
  UNSUPPORTED: lacking,
  NO_SPACE: 'ENOMEM',
  BUSY: 'EBUSY',
  NOT_RUNNING: 'ENOENT',
  PERMISSION: 'EPERM',
  INCOMPATIBLE: 'EINVAL',
  INTERNAL: 'EIO',
}

/** Whatever went wrong, as the client is told. */
export function asNetlinkError(error: unknown): NetlinkError {
  if (error instanceof NetlinkError) return error
  const code = error instanceof DirectorError ? errnos[error.code] : 'EIO'
  return new NetlinkError(code, (error as Error).message, { cause: error })
}

/** So many different ones are remembered; then the oldest may be logged again. */
const maxRemembered = 10_000

/** Logs what netlink clients are refused for want of a feature: an errno does not say it. Each service's each feature once. */
export class RefusalLog {
  readonly #logged = new Set<string>()

  constructor(private readonly log: Logger) {}

  note({ service, lacks }: LackError): void {
    for (const { feature, code } of lacks) {
      const what = `${service} ${feature}`
      if (this.#logged.has(what)) continue
      if (this.#logged.size === maxRemembered) this.#logged.delete(this.#logged.values().next().value ?? '')
      this.#logged.add(what)
      this.log.warn(
        { service, feature, errno: code },
        'a command asks for what xlvs does not support yet, and is refused',
      )
    }
  }
}
