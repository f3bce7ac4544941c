import type { Address } from '../../src/core/address.js'

/** A real server's line of `ipvsadm -Ln`. */
export interface ListedServer {
  readonly rip: Address
  readonly forward: string
  readonly weight: number
  readonly active: number
  readonly inactive: number
}

/** A row of `ipvsadm -Ln --stats --exact`, of a service or of a real server. */
export interface StatsRow {
  readonly address: Address
  readonly conns: number
  readonly inPackets: number
  readonly outPackets: number
  readonly inBytes: number
  readonly outBytes: number
}

/** A service of `ipvsadm -Ln`. */
export interface ListedService {
  /** `TCP 192.0.2.10:80`. */
  readonly name: string
  readonly scheduler: string
  readonly servers: readonly ListedServer[]
}

export interface ServiceStats extends StatsRow {
  readonly servers: readonly StatsRow[]
}

/** The real servers of `ipvsadm -Ln`, in its order. */
export function parseList(text: string): ListedServer[] {
  return serverLines(text).map(([, address = '', forward = '', weight, active, inactive]) => ({
    rip: host(address),
    forward,
    weight: Number(weight),
    active: Number(active),
    inactive: Number(inactive),
  }))
}

/** The services of `ipvsadm -Ln`, in its order. */
export function parseServices(text: string): ListedService[] {
  const blocks = text.split(/^(?=(?:TCP|UDP) )/m).slice(1)
  return blocks.map((block) => {
    const [protocol, address, scheduler = ''] = block.split(/\s+/)
    return { name: `${protocol} ${address}`, scheduler, servers: parseList(block) }
  })
}

/** The services of `ipvsadm -Ln --stats --exact`. */
export function parseStats(text: string): ServiceStats[] {
  const services: (StatsRow & { servers: StatsRow[] })[] = []
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/)
    if (words[0] === 'TCP' || words[0] === 'UDP') services.push({ ...statsRow(words), servers: [] })
    else if (words[0] === '->' && /\d/.test(words[1] ?? '')) services.at(-1)?.servers.push(statsRow(words))
  }
  return services
}

function serverLines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([arrow, address]) => arrow === '->' && /\d/.test(address ?? ''))
}

function statsRow([, address = '', ...figures]: string[]): StatsRow {
  const [conns = NaN, inPackets = NaN, outPackets = NaN, inBytes = NaN, outBytes = NaN] = figures.map(Number)
  return { address: host(address), conns, inPackets, outPackets, inBytes, outBytes }
}

function host(addressAndPort: string): Address {
  return addressAndPort.slice(0, addressAndPort.lastIndexOf(':'))
}
