import type { ServerView, ServicesView, ServiceView } from '../../api/protocol.js'
import type { Label } from './labels.js'
import { largeNumber } from './numbers.js'
import type { TableStyle, TableView } from './request.js'
import { compareServers, compareServices, mergeSort } from './sort.js'

/** The version of IPVS that the commands and the listing correspond to. */
export const ipvsVersion = '1.2.1'

/** Widths at which ipvsadm cuts the names of services (with their protocol) and of real servers. */
const serviceWidth = 33
const serverWidth = 28

/** One way to show the table; rows are without their names. */
interface View {
  readonly title: string
  service(service: ServiceView, exact: boolean): string
  server(server: ServerView, exact: boolean): string
}

const forwardingNames = { route: 'Route', tunnel: 'Tunnel', masq: 'Masq' } as const

const remoteTitle = '  -> RemoteAddress:Port'

const views: Readonly<Record<TableView, View>> = {
  services: {
    title: `Prot LocalAddress:Port Scheduler Flags\n${remoteTitle}           Forward Weight ActiveConn InActConn`,
    service: ({ scheduler }) => ` ${scheduler}`,
    server: (server) => columns([forwardingNames[server.forwarding], 7], [server.weight, 6], ...counts(server)),
  },
  stats: {
    title: figuresTitle('Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'),
    service: statsColumns,
    server: statsColumns,
  },
  rate: {
    title: figuresTitle('CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'),
    service: ({ rates }, exact) => figures([rates.cps, rates.inPps, 0, rates.inBps, 0], exact),
    server: ({ rates }, exact) => {
      const perSecond = [rates.cps, rates.inPps, 0].map((rate) => ` ${String(rate).padStart(8)}`)
      return perSecond.join('') + figures([rates.inBps, 0], exact)
    },
  },
  thresholds: {
    title: connectionsTitle(['Uthreshold', 10], ['Lthreshold', 10], ['ActiveConn', 10], ['InActConn', 10]),
    service: ({ scheduler }) => ` ${scheduler}`,
    server: (server) => columns([0, 10], [0, 10], ...counts(server)),
  },
  'persistent-conn': {
    title: connectionsTitle(['Weight', 9], ['PersistConn', 11], ['ActiveConn', 10], ['InActConn', 10]),
    service: ({ scheduler }) => ` ${scheduler}`,
    server: (server) => columns([server.weight, 9], [0, 11], ...counts(server)),
  },
  'tun-info': {
    title: `Prot LocalAddress:Port Scheduler Flags\n${remoteTitle}           Forward TunnelInfo    Weight ActiveConn InActConn`,
    service: ({ scheduler }) => ` ${scheduler}`,
    server: (server) => {
      const tunnel = server.forwarding === 'tunnel' ? 'ipip' : 'n/a'
      return columns([forwardingNames[server.forwarding], 7], [tunnel, 13], [server.weight, 6], ...counts(server))
    },
  },
}

/** `ipvsadm -L`, line by line: the whole table. */
export function formatTable({ services, tableSize }: ServicesView, style: TableStyle, label: Label): string[] {
  const ordered = style.sorted ? mergeSort(services, compareServices) : services
  return [
    `IP Virtual Server version ${ipvsVersion} (size=${tableSize})`,
    views[style.view].title,
    ...ordered.flatMap((service) => serviceRows(service, style, label)),
  ]
}

/** `ipvsadm -L -t VIP:PORT`: one service, under the title of the columns alone. */
export function formatService(service: ServiceView, style: TableStyle, label: Label): string[] {
  return [views[style.view].title, ...serviceRows(service, style, label)]
}

function serviceRows(service: ServiceView, { view: viewName, exact, sorted }: TableStyle, label: Label): string[] {
  const view = views[viewName]
  const { protocol, vip, vport } = service
  const name = `${protocol.toUpperCase().padEnd(4)} ${label(vip, vport, protocol)}`.slice(0, serviceWidth)
  const padded = viewName === 'stats' || viewName === 'rate' ? name.padEnd(serviceWidth) : name
  const servers = sorted ? mergeSort(service.servers, compareServers) : service.servers
  return [
    padded + view.service(service, exact),
    ...servers.map((server) => {
      const serverName = label(server.rip, server.rport, protocol).slice(0, serverWidth).padEnd(serverWidth)
      return `  -> ${serverName}${view.server(server, exact)}`
    }),
  ]
}

function statsColumns({ traffic }: ServiceView | ServerView, exact: boolean): string {
  return figures([traffic.conns, traffic.inPackets, 0, traffic.inBytes, 0], exact)
}

function figures(values: readonly number[], exact: boolean): string {
  return values.map((value) => largeNumber(value, exact)).join('')
}

function counts({ active, inactive }: ServerView): [number, number][] {
  return [
    [active, 10],
    [inactive, 10],
  ]
}

/** Left-justified columns, each after a blank; the last one is padded, too, as ipvsadm's is. */
function columns(...cells: readonly (readonly [value: string | number, width: number])[]): string {
  return cells.map(([value, width]) => ` ${String(value).padEnd(width)}`).join('')
}

function figuresTitle(...headings: readonly string[]): string {
  const cells = headings.map((heading) => ` ${heading.padStart(8)}`).join('')
  return `${'Prot LocalAddress:Port'.padEnd(serviceWidth)}${cells}\n${remoteTitle}`
}

function connectionsTitle(...headings: readonly (readonly [heading: string, width: number])[]): string {
  return `${'Prot LocalAddress:Port'.padEnd(serviceWidth)}${columns(...headings)}\n${remoteTitle}`
}
