import { wayTo } from '../../../bpf/director-fixture.js'
import { conformance } from '../../../conformance/dataplane.js'
import { RawDirector } from '../../../lib/raw-director.js'

const ethernetLength = 14

conformance(async (t) => {
  const { director, opened } = await RawDirector.open(t)
  for (const n of [1, 2, 3]) opened.dataplane.setNextHop(`10.0.0.${n}`, wayTo(n))
  return {
    dataplane: opened.dataplane,
    async reopen() {
      await opened.dataplane.close()
      return (await director.start()).dataplane
    },
    receive: (frame) => director.receive(frame.subarray(ethernetLength)),
    advance: (seconds) => director.advance(seconds),
  }
})
