/** Directories in which others could put something in place of what the director trusts. */
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DirectorProcess } from '../lib/director-process.js'
import { refusal, startupTest } from './startup-fixture.js'

startupTest(
  'a runtime directory that others have a hand in',
  async (t, { director, runtimeDirectory, pinDirectory }) => {
    const run = director(['eth0'])
    mkdirSync(runtimeDirectory)
    chmodSync(runtimeDirectory, 0o775)
    t.match(await refusal(t, run), /^xlvs: runtime-dir: .* can be written by others \(mode 0775\); 'chmod go-w' it/)
    chmodSync(runtimeDirectory, 0o755)
    chownSync(runtimeDirectory, 65534, 65534)
    t.match(await refusal(t, run), /runtime-dir: .* belongs to user 65534; it must belong to root/)
    chownSync(runtimeDirectory, 0, 0)
    const link = `${runtimeDirectory}-link`
    symlinkSync(runtimeDirectory, link)
    const through = (path: string) => new DirectorProcess(run.namespace, { ...run.options, runtimeDirectory: path })
    t.match(await refusal(t, through(`${link}/`)), /runtime-dir: .*-link\/ is a symbolic link/)
    const inside = through(join(link, 'below'))
    await inside.start()
    t.equal(await inside.end('SIGTERM'), 0, 'a symbolic link above it is followed')
    chmodSync(pinDirectory, 0o777)
    t.match(await refusal(t, inside), /^xlvs: pin-dir: .* can be written by others \(mode 0777\)/)
    chmodSync(pinDirectory, 0o700)
  },
)
