import { conformance } from '../conformance/dataplane.js'
import { subjectOf } from '../conformance/table-director.js'
import { BpfDirector } from '../lib/bpf-director.js'

conformance((t) => {
  const director = new BpfDirector()
  t.teardown(() => director.close())
  return subjectOf(director)
})
