import { constants } from 'node:os'

/** Names of errno(3), as in `EINVAL`. */
export type Errno = keyof typeof constants.errno

/**
 * Why a message is refused, in the word that the kernel would have for it. The only thing that decoders throw, whatever they
 * are given.
 */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError'

  constructor(
    readonly code: Errno,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** As it stands in NLMSG_ERROR, but positive. */
  get errno(): number {
    return constants.errno[this.code]
  }
}
