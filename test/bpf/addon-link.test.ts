import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skip } from './addon-fixture.js'

const cases = fileURLToPath(new URL('./addon-link-cases.js', import.meta.url))

t.test('links, in a network namespace that ends with the process', { skip }, async (t) => {
  await t.spawn('unshare', ['--net', process.execPath, cases])
})
