import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { BpfObject, ensureBpffs } from '../../src/bpf/index.js'

/** What the addon's tests work on: test/bpf/addon.bpf.c. */
export const objectPath = fileURLToPath(new URL('../../../build/test/bpf/addon.bpf.o', import.meta.url))

/** Why these tests cannot run here; false if they can. */
export const skip = process.getuid?.() === 0 ? false : 'needs root'

/** The object, loaded, without the program that the verifier refuses. */
export function loadObject(t: Test): BpfObject {
  const object = BpfObject.open(objectPath)
  t.teardown(() => object.close())
  object.disable('refused')
  object.load()
  return object
}

/** A directory for pins that goes away with the test. */
export function pinDirectory(t: Test): string {
  const path = `/sys/fs/bpf/xlvs-test-${randomBytes(6).toString('hex')}`
  ensureBpffs(path)
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

/** A number as the kernel has it, of 4 or 8 bytes. */
export function integer(value: number, size: 4 | 8 = 4): Buffer {
  const bytes = Buffer.alloc(size)
  bytes.writeUInt32LE(value)
  return bytes
}
