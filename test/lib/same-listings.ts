import type { Test } from 'tap'
import type { DirectorProcess } from './director-process.js'
import { realIpvsadm } from './ipvs-client.js'
import { waitFor } from './wait-for.js'

/** The distribution's ipvsadm and ours print the same now. */
export async function sameListings(t: Test, { xlvs }: { readonly xlvs: DirectorProcess }): Promise<void> {
  t.equal(await realIpvsadm(xlvs, '-Sn'), await xlvs.ipvsadm('-Sn'), 'both print the same rules')
  // Connections expire between one listing and the other.
  await waitFor('both ipvsadm to list the same', async () => {
    return (await realIpvsadm(xlvs, '-Ln')) === (await xlvs.ipvsadm('-Ln'))
  })
}
