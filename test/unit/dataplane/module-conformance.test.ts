import { conformance } from '../../conformance/dataplane.js'
import { subjectOf } from '../../conformance/table-director.js'
import { ModuleDirector } from '../../lib/module-director.js'

conformance(() => subjectOf(new ModuleDirector()))
