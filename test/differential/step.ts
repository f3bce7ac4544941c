import type { Address } from '../../src/core/address.js'
import type { Timeouts } from '../../src/core/connection.js'
import type { NextHop } from '../../src/core/next-hop.js'
import type { RealServer } from '../../src/core/real-server.js'
import type { ServiceKey, VirtualService } from '../../src/core/virtual-service.js'
import type { Sent, TableDirector } from '../lib/table-director.js'

/** One thing that happens to a director. Says all that there is to it, so that others can be left out before it. */
export type Step =
  | { readonly kind: 'frame'; readonly bytes: Buffer }
  | { readonly kind: 'install'; readonly service: VirtualService; readonly servers: readonly RealServer[] }
  | { readonly kind: 'remove'; readonly service: ServiceKey }
  | { readonly kind: 'hop'; readonly rip: Address; readonly hop: NextHop }
  | { readonly kind: 'timeouts'; readonly timeouts: Timeouts }
  | { readonly kind: 'share'; readonly percent: number }
  | { readonly kind: 'macs'; readonly macs: readonly string[] }
  | { readonly kind: 'advance'; readonly ticks: number }
  | { readonly kind: 'zero'; readonly service: ServiceKey }
  | { readonly kind: 'collect' }
  | { readonly kind: 'restart' }

/** Lets it happen. Returns what became of a frame. */
export function take(director: TableDirector, step: Step): Sent | undefined {
  switch (step.kind) {
    case 'frame':
      return director.send(step.bytes)
    case 'install':
      director.install(step.service, step.servers)
      return undefined
    case 'remove':
      director.remove(step.service)
      return undefined
    case 'hop':
      director.dataplane.setNextHop(step.rip, step.hop)
      return undefined
    case 'timeouts':
      director.dataplane.setTimeouts(step.timeouts)
      return undefined
    case 'share':
      director.dataplane.setServiceShare(step.percent)
      return undefined
    case 'macs':
      director.dataplane.setOwnMacs(step.macs)
      return undefined
    case 'advance':
      director.advanceTicks(step.ticks)
      return undefined
    case 'zero':
      director.dataplane.zero(step.service)
      return undefined
    case 'collect':
      director.dataplane.collect()
      return undefined
    case 'restart':
      director.restart()
      return undefined
  }
}

/** A line that says what the step is, for a report. */
export function stepText(step: Step): string {
  if (step.kind === 'frame') return `frame ${step.bytes.toString('hex')}`
  const { kind, ...rest } = step
  return `${kind} ${JSON.stringify(rest)}`
}
