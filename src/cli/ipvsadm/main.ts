import { defaultRuntimeDir, runtimeDirVariable } from '../../api/protocol.js'
import { controlClient } from '../client.js'
import { exitWith } from '../exit.js'
import { systemNames } from './names.js'
import { run } from './run.js'

exitWith(
  run(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    // Opened only for -R, which reads it.
    get stdin() {
      return process.stdin
    },
    client: controlClient(process.env[runtimeDirVariable] || defaultRuntimeDir),
    names: systemNames(),
  }),
  'ipvsadm',
)
