/** What `npm run vm` and `npm run test:vm` refuse before anything is begun. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { checkoutFile } from '../../lib/checkout.js'

function run(script: string, args: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [checkoutFile(script), ...args], { encoding: 'utf8' })
}

t.test('npm run vm', async (t) => {
  for (const [args, status, message] of [
    [['--keep-serial', '/nonexistent/console', 'true'], 125, /^vm: --keep-serial \/nonexistent\/console: ENOENT/],
    [['--native', '--cpus', '3', 'true'], 1, /'--native' cannot be used with option '--cpus <n>'/],
    [['--native', '--accel', 'kvm', 'true'], 1, /'--native' cannot be used with option '--accel <how>'/],
    [['--memory', '0', 'true'], 1, /it has to be a whole number from 1/],
    [[], 1, /missing required argument 'command'/],
  ] as const) {
    t.match(run('dist/test/vm/main.js', args), { status, stderr: message }, args.join(' '))
  }
})

t.test('npm run test:vm', async (t) => {
  for (const [args, message] of [
    [['no such case'], /^error: no case begins with no such case; there are: .*TCP states/],
    [['--seed', '1', 'UDP'], /^error: --seed runs random steps only/],
    [['--steps', '9'], /^error: --steps is of random steps/],
    [['--seed', '1', '--steps', '0'], /it has to be a whole number of at least 1/],
    [['--lanes', '0'], /it has to be a whole number of at least 1/],
  ] as const) {
    t.match(run('dist/test/vm/compare/main.js', args), { status: 1, stderr: message }, args.join(' '))
  }
})
