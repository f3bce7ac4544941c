/** Files of /proc/net, to the byte as kernel IPVS writes them. */
import type { ServerView, ServiceView } from '../../api/protocol.js'
import { addressToNumber } from '../../core/address.js'
import type { Connection } from '../../core/connection.js'
import { IP_VS_VERSION_CODE } from '../codec/ipvs.js'
import type { Context } from './context.js'

/** Some lines, or more, at a time. */
export type Text = Iterable<string> | AsyncIterable<string>

/** How each file is made, by its name. */
export const procFiles: ReadonlyMap<string, (context: Context) => Text> = new Map<string, (context: Context) => Text>([
  ['ip_vs', ipVs],
  ['ip_vs_conn', ipVsConn],
  ['ip_vs_stats', ipVsStats],
])

const forwardingNames = { route: 'Route', tunnel: 'Tunnel', masq: 'Masq' } as const

/** ip_vs_info_seq_show in ip_vs_ctl.c. */
function* ipVs({ director }: Context): Iterable<string> {
  const version = [16, 8, 0].map((shift) => (IP_VS_VERSION_CODE >> shift) & 0xff).join('.')
  yield `IP Virtual Server version ${version} (size=${director.tableSize()})
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
`
  for (const service of director.services()) {
    yield serviceLine(service) + service.servers.map(serverLine).join('')
  }
}

/** Two blanks at the end: one is before `ops`, had the service that. */
function serviceLine({ protocol, vip, vport, scheduler }: ServiceView): string {
  return `${protocol.toUpperCase()}  ${hexAddress(vip)}:${hexPort(vport)} ${scheduler}  \n`
}

function serverLine({ rip, rport, forwarding, weight, active, inactive }: ServerView): string {
  const columns = [forwardingNames[forwarding].padEnd(7), left(weight, 6), left(active, 10), left(inactive, 10)]
  return `  -> ${hexAddress(rip)}:${hexPort(rport)}      ${columns.join(' ')}\n`
}

/** ip_vs_conn_seq_show in ip_vs_conn.c. In the order in which the director walks its table, as the kernel in that of its own. */
async function* ipVsConn({ director }: Context): AsyncIterable<string> {
  yield 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n'
  for await (const connection of director.connections()) yield connectionLine(connection)
}

function connectionLine({ protocol, cip, cport, vip, vport, rip, rport, state, expiresInMs }: Connection): string {
  const ends = [cip, vip, rip].map(hexAddress)
  const ports = [cport, vport, rport].map(hexPort)
  const pairs = ends.map((end, i) => `${end} ${ports[i]}`).join(' ')
  const seconds = right(Math.floor(expiresInMs / 1000), 7)
  return `${protocol.toUpperCase().padEnd(3)} ${pairs} ${state.padEnd(11)} ${seconds}\n`
}

/** ip_vs_stats_show in ip_vs_ctl.c. Rates are the sums of those of the services. */
function* ipVsStats({ director }: Context): Iterable<string> {
  const services = director.services()
  const { conns, inPackets, inBytes } = director.totals(services)
  const rate = (of: 'cps' | 'inPps' | 'inBps') => services.reduce((sum, { rates }) => sum + rates[of], 0)
  yield `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
${statsLine(conns, inPackets, inBytes)}

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
${statsLine(rate('cps'), rate('inPps'), rate('inBps'))}
`
}

/** Nothing comes back through the director. */
function statsLine(conns: number, inPackets: number, inBytes: number): string {
  return [hex(conns, 8), hex(inPackets, 8), hex(0, 8), hex(inBytes, 16), hex(0, 16)].join(' ')
}

function hexAddress(address: string): string {
  return addressToNumber(address).toString(16).toUpperCase().padStart(8, '0')
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width)
}

function left(value: number, width: number): string {
  return String(value).padEnd(width)
}

function right(value: number, width: number): string {
  return String(value).padStart(width)
}
