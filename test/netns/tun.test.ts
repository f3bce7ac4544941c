import { labHolds, labTest } from '../lib/lab-test.js'
import { tun } from '../lib/lab-tun.js'

await labTest(tun.title, tun, async (t, lab) => {
  await labHolds(t, lab)
  const { verdicts } = await lab.director.status()
  t.ok((verdicts.icmp_frag_needed ?? 0) > 0, 'the client was told about the outer header, by ICMP')
})
