import { readFileSync } from 'node:fs'
import type { Address } from '../../core/address.js'

/** Names of hosts and ports, both ways. */
export interface Names {
  /** The first IPv4 address of a host name. */
  address(hostName: string): Promise<Address | undefined>
  hostName(address: Address): Promise<string | undefined>
  /** Port of a service name in /etc/services, as getservbyname(3). */
  port(serviceName: string, protocol: string): number | undefined
  /** Name of a port, as getservbyport(3). */
  serviceName(port: number, protocol: string): string | undefined
}

/** How long an answer is waited for, in milliseconds: an operator wants the table, with names or without. */
const patienceMs = 2000

/**
 * The machine's names: /etc/hosts and DNS by nsswitch.conf(5), and /etc/services. When one address has had no answer in
 * time, no other is asked for: the name servers are out of reach.
 */
export function systemNames(servicesFile = '/etc/services'): Names {
  const hostNames = new Map<Address, Promise<string | undefined>>()
  let services: ServiceTable | undefined
  let gaveUp = false

  /** The look-up's result; undefined if it fails or takes too long. */
  function inTime<T>(lookUp: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        gaveUp = true
        resolve(undefined)
      }, patienceMs)
      lookUp.then(resolve, () => resolve(undefined)).finally(() => clearTimeout(timer))
    })
  }

  async function lookUpHost(address: Address): Promise<string | undefined> {
    if (gaveUp) return undefined
    const dns = await import('node:dns/promises')
    return (await inTime(dns.lookupService(address, 0)))?.hostname
  }

  return {
    async address(hostName) {
      const dns = await import('node:dns/promises')
      return (await inTime(dns.lookup(hostName, { family: 4 })))?.address
    },
    hostName(address) {
      let name = hostNames.get(address)
      if (name === undefined) {
        name = lookUpHost(address)
        hostNames.set(address, name)
      }
      return name
    },
    port(serviceName, protocol) {
      services ??= readServices(servicesFile)
      return services.ports.get(`${serviceName}/${protocol}`)
    },
    serviceName(port, protocol) {
      services ??= readServices(servicesFile)
      return services.names.get(`${port}/${protocol}`)
    },
  }
}

interface ServiceTable {
  readonly ports: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<string, string>
}

/** Reads services(5). The first line that has a name or a port counts. A machine without the file has no names. */
function readServices(file: string): ServiceTable {
  const ports = new Map<string, number>()
  const names = new Map<string, string>()
  for (const line of readIfPresent(file).split('\n')) {
    const [name, portAndProtocol = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const [port = '', protocol] = portAndProtocol.split('/')
    if (!name || !protocol || !/^\d+$/.test(port)) continue
    for (const known of [name, ...aliases]) {
      if (!ports.has(`${known}/${protocol}`)) ports.set(`${known}/${protocol}`, Number(port))
    }
    if (!names.has(`${Number(port)}/${protocol}`)) names.set(`${Number(port)}/${protocol}`, name)
  }
  return { ports, names }
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
