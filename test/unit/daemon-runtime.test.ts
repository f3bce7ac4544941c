import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { RuntimeDirectory } from '../../src/daemon-runtime.js'

t.test('of the command and the daemon the one that comes last removes the directory', async (t) => {
  const above = mkdtempSync(join(tmpdir(), 'xlvs-'))
  t.teardown(() => rmSync(above, { recursive: true, force: true }))
  const path = join(above, 'run')
  const [daemon, command] = [new RuntimeDirectory(path), new RuntimeDirectory(path)]
  daemon.create()
  const socket = join(path, 'socket')
  writeFileSync(socket, '')
  command.remove()
  t.ok(existsSync(socket), 'the daemon has not closed its socket yet')
  rmSync(socket)
  daemon.remove()
  t.notOk(existsSync(path))
  command.remove()
  t.ok(existsSync(above), 'and nothing else')
})
