import { conformance } from '../../conformance/dataplane.js'
import { subjectOf } from '../../conformance/table-director.js'
import { SimDirector } from '../../lib/sim-director.js'

conformance(() => subjectOf(new SimDirector()))
