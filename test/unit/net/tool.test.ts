import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execute } from '../../lib/process.js'

t.test('without a descriptor a program is refused, and runs again with one', async (t) => {
  const script = fileURLToPath(new URL('out-of-descriptors.js', import.meta.url))
  const { status, stdout, stderr } = await execute('prlimit', ['--nofile=64:64', process.execPath, script])
  t.equal(status, 0, stderr)
  t.strictSame(JSON.parse(stdout), {
    answers: ['ip -4 -j link: cannot be run (EMFILE)', 'nftables: nft cannot be run (EMFILE)', 'done', 'change'],
    log: ['warn ip monitor ended, starting it again'],
  })
})
