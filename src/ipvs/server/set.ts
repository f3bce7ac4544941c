/** Commands that change something (ip_vs_genl_set_cmd and ip_vs_genl_set_daemon in ip_vs_ctl.c). */
import type { Command, ServiceView } from '../../api/protocol.js'
import { UnsupportedError } from '../../core/errors.js'
import { isSameServer, type ServerKey } from '../../core/real-server.js'
import { NetlinkError } from '../codec/error.js'
import { type CommandAttributes, IP_VS_STATE } from '../codec/ipvs.js'
import type { Context } from './context.js'
import { present, requirePresent } from './present.js'
import { type Lack, LackError, lacking } from './refusals.js'
import { asLack, requestedKey, requestedServer, requestedService } from './requested.js'
import { type ServiceRef, serviceRef } from './service-ref.js'

/** Carries a command out. @throws NetlinkError, LackError, DirectorError: nothing has changed then. */
export type Do = (context: Context, attributes: CommandAttributes) => Promise<void>

export const newService: Do = async (context, { service }) => {
  const ref = serviceRef(service)
  const { scheduler, lacks } = requestedService(service)
  refuseLacks(ref, [...lacks, ...ref.lacks], () => {
    if (present(context, ref)) throw new NetlinkError('EEXIST', ref.text)
  })
  await carryOut(context, ref, (key) => ({ type: 'add-service', service: { ...key, scheduler } }))
}

export const setService: Do = async (context, { service }) => {
  const ref = serviceRef(service)
  const { scheduler, lacks } = requestedService(service)
  refuseLacks(ref, lacks, () => requirePresent(context, ref))
  await carryOut(context, ref, (key) => ({ type: 'edit-service', service: { ...key, scheduler } }))
}

export const delService: Do = async (context, { service }) => {
  await carryOut(context, serviceRef(service), (key) => ({ type: 'delete-service', key }))
}

export const newDest: Do = async (context, { service, dest }) => {
  const ref = serviceRef(service)
  const { server, lacks } = ofPresent(context, ref, () => requestedServer(dest, ref))
  refuseLacks(ref, lacks, () => {
    if (hasServer(requirePresent(context, ref), server)) throw new NetlinkError('EEXIST', ref.text)
  })
  await carryOut(context, ref, (key) => ({ type: 'add-server', key, server }))
}

export const setDest: Do = async (context, { service, dest }) => {
  const ref = serviceRef(service)
  const { server, lacks } = ofPresent(context, ref, () => requestedServer(dest, ref))
  refuseLacks(ref, lacks, () => requireServer(context, ref, server))
  try {
    await carryOut(context, ref, (key) => ({ type: 'edit-server', key, server }))
  } catch (error) {
    // Of one that is not there, the kernel does not look at the address.
    requireServer(context, ref, server)
    throw error
  }
}

export const delDest: Do = async (context, { service, dest }) => {
  const ref = serviceRef(service)
  const server = ofPresent(context, ref, () => requestedKey(dest, ref))
  await carryOut(context, ref, (key) => ({ type: 'delete-server', key, server }))
}

export const flush: Do = (context) => execute(context, { type: 'flush' })

export const zero: Do = async (context, { service }) => {
  if (!service) return execute(context, { type: 'zero' })
  await carryOut(context, serviceRef(service), (key) => ({ type: 'zero', key }))
}

/** What is absent stays as it is, as does what is 0. */
export const setConfig: Do = (context, { timeoutTcp = 0, timeoutTcpFin = 0, timeoutUdp = 0 }) =>
  execute(context, {
    type: 'set-timeouts',
    timeouts: { tcpS: timeoutTcp, tcpFinS: timeoutTcpFin, udpS: timeoutUdp },
  })

export const newDaemon: Do = async (_context, { daemon }) => {
  const { state, mcastIfn, syncId } = daemon ?? {}
  if (!isHalf(state) || mcastIfn === undefined || syncId === undefined) {
    throw new NetlinkError('EINVAL', 'not all that a sync daemon needs')
  }
  throw new LackError('sync daemon', [{ feature: '--start-daemon', code: lacking }])
}

/** None ever runs. */
export const delDaemon: Do = async (_context, { daemon }) => {
  throw new NetlinkError(isHalf(daemon?.state) ? 'ESRCH' : 'EINVAL', 'no sync daemon runs')
}

function isHalf(state: number | undefined): boolean {
  return state === IP_VS_STATE.MASTER || state === IP_VS_STATE.BACKUP
}

/** @throws LackError if something is lacking, unless `precedent` throws what the kernel would have found before. */
function refuseLacks(ref: ServiceRef, [first, ...others]: readonly Lack[], precedent: () => void): void {
  if (!first) return
  precedent()
  throw new LackError(ref.text, [first, ...others])
}

/** Reads what is about a service: whether it is there comes before what is wrong with the rest. */
function ofPresent<T>(context: Context, ref: ServiceRef, read: () => T): T {
  try {
    return read()
  } catch (error) {
    requirePresent(context, ref)
    throw error
  }
}

/** @throws NetlinkError ESRCH, ENOENT. */
function requireServer(context: Context, ref: ServiceRef, server: ServerKey): void {
  if (!hasServer(requirePresent(context, ref), server)) throw new NetlinkError('ENOENT', ref.text)
}

function hasServer({ servers }: ServiceView, server: ServerKey): boolean {
  return servers.some((candidate) => isSameServer(candidate, server))
}

/** @throws NetlinkError ESRCH for a service that the director cannot have. */
async function carryOut(
  context: Context,
  ref: ServiceRef,
  command: (key: NonNullable<ServiceRef['key']>) => Command,
): Promise<void> {
  if (!ref.key) throw new NetlinkError('ESRCH', ref.text)
  try {
    await execute(context, command(ref.key))
  } catch (error) {
    if (error instanceof UnsupportedError) throw new LackError(ref.text, [asLack(error)])
    throw error
  }
}

async function execute({ director, changed, patience }: Context, command: Command): Promise<void> {
  const [error] = director.executeAll([command])
  if (error) throw error
  changed(1)
  await patience.waitFor(() => director.settled())
}
