import { realIpvsadm } from './ipvs-client.js'
import { parseList } from './ipvsadm-output.js'
import type { PairDirector, PairServer } from './pair-lab.js'
import { waitFor } from './wait-for.js'

/** Waits until a director lists exactly these real servers, as the distribution's ipvsadm sees it. */
export async function rotationIs(
  { name, xlvs }: PairDirector,
  servers: readonly PairServer[],
  withinMs = 10_000,
): Promise<void> {
  const wanted = addressesOf(servers.map(({ host }) => host.address))
  await waitFor(
    `${name} to have ${wanted || 'nobody'} in rotation`,
    async () => {
      const listed = parseList(await realIpvsadm(xlvs, '-Ln'))
      return addressesOf(listed.map(({ rip }) => rip)) === wanted
    },
    withinMs,
  )
}

function addressesOf(addresses: readonly string[]): string {
  return [...addresses].sort().join(', ')
}
