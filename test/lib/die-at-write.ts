/**
 * Preloaded into a daemon (`node --import`): after so many changes to what outlives it as XLVS_TEST_WRITES says, pins made,
 * renamed and removed and programs replaced, it is killed. XLVS_TEST_DIST: where its dist/ is.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { BpfLink, BpfMap } = (await import(
  `${process.env.XLVS_TEST_DIST}/src/bpf/index.js`
)) as typeof import('../../src/bpf/index.js')
let left = Number(process.env.XLVS_TEST_WRITES)

function dyingAfter<This, Args extends unknown[]>(write: (this: This, ...args: Args) => void) {
  return function (this: This, ...args: Args): void {
    write.apply(this, args)
    // By the time this returns the process has ended.
    if (--left === 0) process.kill(process.pid, 'SIGKILL')
  }
}

BpfMap.prototype.pin = dyingAfter(BpfMap.prototype.pin)
BpfLink.prototype.pin = dyingAfter(BpfLink.prototype.pin)
BpfLink.prototype.update = dyingAfter(BpfLink.prototype.update)
fs.renameSync = dyingAfter(fs.renameSync)
fs.unlinkSync = dyingAfter(fs.unlinkSync)
syncBuiltinESMExports()
