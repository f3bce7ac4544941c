import { dr } from '../lib/lab-dr.js'
import type { LabSpec } from '../lib/lab-spec.js'
import { labTest, requestsHold, uploadsHold } from '../lib/lab-test.js'
import { tun } from '../lib/lab-tun.js'

/** For network drivers that have no XDP of their own: the kernel runs the program on its packets. */
async function inGenericMode(spec: LabSpec): Promise<void> {
  await labTest(
    `${spec.title}, in generic mode`,
    spec,
    async (t, lab) => {
      const { interfaces } = await lab.director.status()
      t.same(interfaces, [{ name: 'eth0', mode: 'generic' }])
      await requestsHold(t, lab)
      await uploadsHold(t, lab)
    },
    { directorArgs: ['--xdp-mode', 'generic'] },
  )
}

await inGenericMode(dr)
await inGenericMode(tun)
