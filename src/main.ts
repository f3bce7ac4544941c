/**
 * The composition root of the command line. What runs the director or touches the kernel is composed in daemon.ts and loaded
 * when it is asked for: `xlvs status` and `xlvs ipvsadm` are to be fast.
 */
import { readFileSync } from 'node:fs'
import { controlClient } from './cli/client.js'
import { exitWith } from './cli/exit.js'
import { systemNames } from './cli/ipvsadm/names.js'
import { type Actions, runProgram } from './cli/program.js'

const manifest = new URL('../../package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }

const actions: Actions = {
  run: async (options) => (await import('./daemon.js')).run(options, version),
  down: async (options) => (await import('./daemon.js')).down(options),
  exec: async (options) => (await import('./exec.js')).exec(options),
  preloadEnvironment: async (options) => (await import('./exec.js')).preloadEnvironment(options),
  realServer: async (verb, options) => (await import('./daemon.js')).realServer(verb, options),
}

exitWith(
  runProgram(process.argv.slice(2), actions, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    version,
    client: controlClient,
    names: systemNames(),
  }),
)
