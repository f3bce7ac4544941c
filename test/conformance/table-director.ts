import { wayTo } from '../bpf/director-fixture.js'
import type { TableDirector } from '../lib/table-director.js'
import type { Subject } from './dataplane.js'

/** A director for tests, as the suite wants it. */
export function subjectOf(director: TableDirector): Subject {
  for (const n of [1, 2, 3]) director.dataplane.setNextHop(`10.0.0.${n}`, wayTo(n))
  return {
    dataplane: director.dataplane,
    reopen() {
      director.restart()
      return director.dataplane
    },
    receive: (frame) => void director.send(frame),
    advance: (seconds) => director.advance(seconds),
  }
}
