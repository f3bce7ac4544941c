import { labHolds, labTest } from '../lib/lab-test.js'
import { labs } from '../lib/labs.js'

for (const spec of labs) {
  await labTest(`${spec.title}, by raw sockets`, spec, labHolds, { directorArgs: ['--dataplane', 'raw'] })
}
