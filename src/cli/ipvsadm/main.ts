import { defaultRuntimeDir, runtimeDirVariable } from '../../api/protocol.js'
import { controlClient } from '../client.js'
import { exitWith } from '../exit.js'
import { systemNames } from './names.js'
import { run } from './run.js'

exitWith(
  run(process.argv.slice(2), {
    stdout: process.stdout,
    // Made when they are asked for: opening them takes longer than most commands.
    get stderr() {
      return process.stderr
    },
    get stdin() {
      return process.stdin
    },
    client: controlClient(process.env[runtimeDirVariable] || defaultRuntimeDir),
    names: systemNames(),
  }),
)
