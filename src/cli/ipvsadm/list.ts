import { write } from '../output.js'
import type { Io } from './io.js'
import { namedLabel, numericLabel } from './labels.js'
import type { Request } from './request.js'
import { formatService, formatTable } from './table.js'

type Of<Kind extends Request['kind']> = Extract<Request, { kind: Kind }>
type Outlet = Pick<Io, 'stdout' | 'client' | 'names'>

/** Whatever is listed; what only some listings need is loaded for them alone. */
export async function list(
  request: Of<'list' | 'list-connections' | 'list-timeouts' | 'list-daemons' | 'save'>,
  outlet: Outlet,
): Promise<void> {
  switch (request.kind) {
    case 'list':
      return listTable(request, outlet)
    case 'list-connections':
      return listConnections(request, outlet)
    case 'list-timeouts':
      return listTimeouts(outlet)
    case 'list-daemons':
      return listDaemons(outlet)
    case 'save':
      return listRules(request, outlet)
  }
}

/** `-L`: the table, or one service of it. */
async function listTable({ style, key }: Of<'list'>, { stdout, client, names }: Outlet): Promise<void> {
  const answer = await client.services(key)
  const { services } = answer
  const label = style.numeric ? numericLabel : await namedLabel(addresses(services), names)
  const lines =
    key === undefined
      ? formatTable(answer, style, label)
      : services.flatMap((service) => formatService(service, style, label))
  await write(stdout, text(lines))
}

/** `-S`. */
async function listRules({ numeric }: Of<'save'>, { stdout, client, names }: Outlet): Promise<void> {
  const { formatRules } = await import('./save.js')
  const { services } = await client.services()
  const label = numeric ? numericLabel : await namedLabel(addresses(services), names)
  await write(stdout, text(formatRules(services, label)))
}

/** `-L -c`: in the order in which the director walks its table, as ipvsadm shows /proc/net/ip_vs_conn. */
async function listConnections(
  { numeric, persistenceColumns }: Of<'list-connections'>,
  { stdout, client, names }: Outlet,
): Promise<void> {
  const { connectionsTitle, formatConnection } = await import('./connections.js')
  let title = connectionsTitle(persistenceColumns)
  for await (const batch of client.connections()) {
    const label = numeric
      ? numericLabel
      : await namedLabel(
          batch.flatMap(({ cip, vip, rip }) => [cip, vip, rip]),
          names,
        )
    await write(stdout, title + batch.map((connection) => formatConnection(connection, label)).join(''))
    title = ''
  }
  if (title !== '') await write(stdout, title)
}

/** `-L --timeout`. */
async function listTimeouts({ stdout, client }: Outlet): Promise<void> {
  const { tcpS, tcpFinS, udpS } = await client.timeouts()
  await write(stdout, `Timeout (tcp tcpfin udp): ${tcpS} ${tcpFinS} ${udpS}\n`)
}

/** `-L --daemon`: there is no sync daemon, which ipvsadm says by saying nothing; that there is a director has to be true. */
async function listDaemons({ client }: Outlet): Promise<void> {
  await client.timeouts()
}

function addresses(services: readonly { vip: string; servers: readonly { rip: string }[] }[]): string[] {
  return services.flatMap(({ vip, servers }) => [vip, ...servers.map(({ rip }) => rip)])
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
