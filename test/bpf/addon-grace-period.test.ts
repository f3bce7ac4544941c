import { readdirSync } from 'node:fs'
import t from 'tap'
import { waitForPrograms } from '../../src/bpf/index.js'
import { skip } from './addon-fixture.js'

t.test('waiting for programs leaves no descriptor', { skip }, async (t) => {
  waitForPrograms()
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 10; i++) waitForPrograms()
  t.equal(readdirSync('/proc/self/fd').length, before)
})
