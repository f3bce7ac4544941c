import t from 'tap'
import { StateFile } from '../../../../src/dataplane/raw/state-file.js'
import { MemoryDataplane } from '../../../lib/memory-dataplane.js'
import { MemoryLog } from '../../../lib/memory-log.js'

t.test('copies take a hundredth of the time at most', async (t) => {
  const { module, clock } = new MemoryDataplane()
  const { maps } = module
  const copiedAtMs: number[] = []
  const { services } = maps
  const lookupAll = services.lookupAll.bind(services)
  services.lookupAll = () => {
    copiedAtMs.push(clock.nowMs())
    // So long a copy takes. No timer is due meanwhile, so that the clock has moved when this returns.
    void clock.advance(5)
    return lookupAll()
  }
  const state = new StateFile(t.testdir(), maps, clock, new MemoryLog())
  // Of all that write only this tells when it has.
  await state.close()
  state.note()
  await clock.advance(499)
  t.same(copiedAtMs, [0])
  await clock.advance(1)
  t.same(copiedAtMs, [0, 505])
  await state.close()
})
