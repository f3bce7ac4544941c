/**
 * A daemon that is killed between two writes to its maps: the writes up to there are in the maps,
 * which outlive it, and nothing after them is.
 */
import { BpfMap } from '../../src/bpf/index.js'
import type { Layout } from '../../src/dataplane/tables/layout-fields.js'
import { MappedArray } from '../../src/dataplane/tables/mapped-array.js'

/** Bytes that the machine writes at once: a struct is torn between any two words of this size. */
const wordBytes = 4

class Killed extends Error {}

/**
 * Runs an operation, of which the first `writes` writes get through. What it does after them to
 * clean up, a killed process would not: it is in vain.
 * @returns whether it was killed; if not, it had no more writes than that.
 * @throws what the operation throws by itself.
 */
export async function killedAfter(writes: number, operation: () => void | Promise<void>): Promise<boolean> {
  let left = writes
  let killed = false
  const write = <R>(perform: () => R): R => {
    killed ||= left-- <= 0
    if (killed) throw new Killed('killed')
    return perform()
  }
  const array = MappedArray.prototype
  const map = BpfMap.prototype
  const { set, setField, publish, publishByte } = array
  const { update, delete: remove } = map
  function setWords<F>(to: MappedArray<unknown>, index: number, field: number, layout: Layout<F>, value: F): void {
    const words = new DataView(new ArrayBuffer(layout.size))
    layout.encode(words, 0, value)
    for (let at = 0; at < layout.size; at += wordBytes) {
      write(() => publish.call(to, index, field + at, words.getInt32(at, true)))
    }
  }
  Object.assign(array, {
    set(this: MappedArray<unknown>, index: number, value: unknown) {
      setWords(this, index, 0, this.layout, value)
    },
    setField<F>(this: MappedArray<unknown>, index: number, field: number, layout: Layout<F>, value: F) {
      setWords(this, index, field, layout, value)
    },
    publish(this: MappedArray<unknown>, ...args: Parameters<typeof publish>) {
      write(() => publish.apply(this, args))
    },
    publishByte(this: MappedArray<unknown>, ...args: Parameters<typeof publishByte>) {
      write(() => publishByte.apply(this, args))
    },
  })
  Object.assign(map, {
    update(this: BpfMap, ...args: Parameters<typeof update>) {
      write(() => update.apply(this, args))
    },
    delete(this: BpfMap, ...args: Parameters<typeof remove>) {
      return write(() => remove.apply(this, args))
    },
  })
  try {
    await operation()
  } catch (error) {
    if (!killed) throw error
  } finally {
    Object.assign(array, { set, setField, publish, publishByte })
    Object.assign(map, { update, delete: remove })
  }
  return killed
}
