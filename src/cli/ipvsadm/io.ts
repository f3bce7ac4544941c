import type { Readable, Writable } from 'node:stream'
import type { ControlClient } from '../client.js'
import type { Names } from './names.js'

/** Everything that ipvsadm touches outside itself. */
export interface Io {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdin: Readable
  readonly client: ControlClient
  readonly names: Names
}
