import type { CheckedServerName, ChecksLab } from './checks-lab.js'
import { realIpvsadm } from './ipvs-client.js'
import { type ListedServer, parseServices } from './ipvsadm-output.js'
import { waitFor } from './wait-for.js'

/** Weights of the real servers of a service by name; who is not named is not in the service. */
export type Weights = Readonly<Partial<Record<CheckedServerName, number>>>

/** The real servers of a service, like `TCP 192.0.2.10:80`, as the distribution's ipvsadm lists them; undefined: no such service. */
export async function listed({ xlvs }: ChecksLab, service: string): Promise<readonly ListedServer[] | undefined> {
  const services = parseServices(await realIpvsadm(xlvs, '-Ln'))
  return services.find(({ name }) => name === service)?.servers
}

/** Waits until a service has exactly these real servers with these weights. */
export async function weightsAre(lab: ChecksLab, service: string, weights: Weights): Promise<void> {
  const wanted = JSON.stringify(Object.entries(weights).sort())
  let seen: string | undefined
  await waitFor(`${service} to have ${wanted}`, async () => {
    seen = JSON.stringify((await weightsOf(lab, service)).sort())
    return seen === wanted
  }).catch((cause) => {
    throw new Error(`${cause.message}; it has ${seen}`, { cause })
  })
}

async function weightsOf(lab: ChecksLab, service: string): Promise<[string, number][]> {
  const servers = (await listed(lab, service)) ?? []
  return servers.map(({ rip, weight }) => [nameOf(lab, rip), weight])
}

function nameOf({ servers }: ChecksLab, rip: string): string {
  return Object.values(servers).find(({ host }) => host.address === rip)?.name ?? rip
}
