import type { ServiceView } from '../../api/protocol.js'
import { DirectorError } from '../../core/errors.js'
import { NetlinkError } from '../codec/error.js'
import type { Context } from './context.js'
import type { ServiceRef } from './service-ref.js'

/** The service as it is. @throws NetlinkError ESRCH if there is none. */
export function requirePresent(context: Pick<Context, 'director'>, ref: ServiceRef): ServiceView {
  const found = present(context, ref)
  if (!found) throw new NetlinkError('ESRCH', ref.text)
  return found
}

/** The service as it is, if there is one. */
export function present({ director }: Pick<Context, 'director'>, { key }: ServiceRef): ServiceView | undefined {
  if (!key) return undefined
  try {
    return director.services(key)[0]
  } catch (error) {
    if (error instanceof DirectorError && error.code === 'NO_SUCH_SERVICE') return undefined
    throw error
  }
}
