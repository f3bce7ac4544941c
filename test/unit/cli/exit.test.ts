import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { checkoutFile } from '../../lib/checkout.js'

const programs = [
  { name: 'ipvsadm', argv: ['-h'] },
  { name: 'xlvs', argv: ['--help'] },
]

t.test('output that cannot be written is an error in one line', async (t) => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  for (const { name, argv } of programs) {
    const { status, stderr } = spawnSync(checkoutFile(`bin/${name}`), argv, {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    t.same({ status, stderr }, { status: 1, stderr: `${name}: cannot write: no space left on device\n` })
  }
})

t.test('an error that cannot be written does not end well either', async (t) => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  for (const { name } of programs) {
    const { status, stdout } = spawnSync(checkoutFile(`bin/${name}`), ['--bogus'], {
      stdio: ['ignore', 'pipe', full],
      encoding: 'utf8',
    })
    t.same({ status, stdout }, { status: 1, stdout: '' }, name)
  }
})

t.test('a reader that has gone away is no error to speak of', async (t) => {
  const child = spawn(checkoutFile('bin/ipvsadm'), ['-R'])
  child.stdout.destroy()
  await once(child.stdout, 'close')
  const complaints: Buffer[] = []
  child.stderr.on('data', (piece) => complaints.push(piece))
  child.stdin.end('-h\n')
  const [status] = await once(child, 'close')
  t.same({ status, stderr: Buffer.concat(complaints).toString() }, { status: 141, stderr: '' })
})
