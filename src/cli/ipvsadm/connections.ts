import type { Connection } from '../../core/connection.js'
import type { Label } from './labels.js'

/** The two lines above `ipvsadm -L -c`. */
export function connectionsTitle(persistenceColumns: boolean): string {
  const columns = row('pro', 'expire', 'state', 'source', 'virtual')
  const last = persistenceColumns ? `${'destination'.padEnd(18)} ${'pe name'.padEnd(16)} pe_data` : 'destination'
  return `IPVS connection entries\n${columns}${last}\n`
}

/** One line of `ipvsadm -L -c`. */
export function formatConnection(connection: Connection, label: Label): string {
  const { protocol, state, expiresInMs, cip, cport, vip, vport, rip, rport } = connection
  const source = label(cip, cport, protocol)
  const virtual = label(vip, vport, protocol)
  return `${row(protocol.toUpperCase(), expiry(expiresInMs), state, source, virtual)}${label(rip, rport, protocol)}\n`
}

function row(protocol: string, expire: string, state: string, source: string, virtual: string): string {
  return `${protocol.padEnd(3)} ${expire.padEnd(6)} ${state.padEnd(11)} ${source.padEnd(18)} ${virtual.padEnd(18)} `
}

/** Minutes and seconds. */
function expiry(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${pad2(Math.floor(seconds / 60))}:${pad2(seconds % 60)}`
}

function pad2(value: number): string {
  return String(value).padStart(2, '0')
}
