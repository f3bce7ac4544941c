import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { UnsupportedError } from './core/errors.js'

/** A number from the addon: a result if it is 0 or more, else -errno. */
export type Status = number

/** What the kernel says about a map, or an object file asks for. */
export interface MapSpec {
  readonly name: string
  /** enum bpf_map_type, linux/bpf.h. */
  readonly type: number
  /** Bytes. */
  readonly keySize: number
  /** Bytes, of one CPU for a per-CPU map. */
  readonly valueSize: number
  readonly maxEntries: number
  /** BPF_F_*, linux/bpf.h. */
  readonly flags: number
}

/** A map that an object file declares. */
export interface ObjectMapSpec extends MapSpec {
  /** Its one entry is variables of the program, which addresses them directly: those of a section `.data.NAME`, `.rodata` or `.bss`. */
  readonly holdsVariables: boolean
}

/** A map in the kernel. Names are cut to 15 characters there. */
export interface MapInfo extends MapSpec {
  readonly id: number
  /** Bytes of a value as lookups and updates carry it: a per-CPU map's are of all possible CPUs, each rounded up to 8. */
  readonly valueBytes: number
}

/** A program in the kernel. Names are cut to 15 characters there. */
export interface ProgramInfo {
  readonly id: number
  /** enum bpf_prog_type, linux/bpf.h. */
  readonly type: number
  readonly name: string
  /** Hash of the instructions, 16 hex digits: equal programs have equal tags. */
  readonly tag: string
  /** That the verifier followed; 0 before Linux 5.16. */
  readonly verifiedInstructions: number
  /** Time spent in it; 0 unless the sysctl kernel.bpf_stats_enabled is 1. */
  readonly runTimeNs: number
  readonly runCount: number
}

/** An attachment in the kernel. */
export interface LinkInfo {
  readonly id: number
  /** enum bpf_link_type, linux/bpf.h. */
  readonly type: number
  readonly programId: number
  /** 0 when it is detached or its interface has gone. */
  readonly ifindex: number
}

export interface NativeObject {
  open(path: string): Status
  load(): Status
  /** What libbpf and the verifier said during the last open or load. */
  log(): string
  maps(): ObjectMapSpec[] | Status
  programs(): string[] | Status
  setMaxEntries(map: string, maxEntries: number): Status
  reuseMap(map: string, fd: number): Status
  disableProgram(program: string): Status
  map(name: string): NativeMap | Status
  program(name: string): NativeProgram | Status
  close(): void
}

interface NativeHandle {
  close(): void
}

interface NativePinnable extends NativeHandle {
  pin(path: string): Status
}

export interface NativeMap extends NativePinnable {
  fd(): number | Status
  info(): MapInfo | Status
  lookup(key: Uint8Array, value: Uint8Array): Status
  update(key: Uint8Array, value: Uint8Array, flags: number): Status
  delete(key: Uint8Array): Status
  nextKey(key: Uint8Array | undefined, next: Uint8Array): Status
  lookupBatch(from: Uint8Array | undefined, to: Uint8Array, keys: Uint8Array, values: Uint8Array): number | Status
  mmap(offset: number, length: number): ArrayBuffer | Status
  unmap(memory: ArrayBuffer): Status
}

export interface NativeTestRun {
  readonly dataIn: Uint8Array | undefined
  readonly dataOut: Uint8Array | undefined
  readonly ctx: Uint8Array | undefined
  readonly repeat: number
  readonly flags: number
  readonly cpu: number
  readonly batchSize: number
}

export interface NativeProgram extends NativePinnable {
  fd(): number | Status
  info(): ProgramInfo | Status
  attachXdp(ifindex: number, flags: number): NativeLink | Status
  testRun(run: NativeTestRun): { retval: number; dataLength: number; durationNs: number } | Status
}

export interface NativeLink extends NativePinnable {
  info(): LinkInfo | Status
  update(programFd: number): Status
  detach(): Status
}

export interface NativeRawSocket extends NativeHandle {
  setOption(level: number, name: number, value: number | Uint8Array): Status
  watch(callback: () => void): Status
  receive(memory: Uint8Array, offsets: Uint32Array, lengths: Uint32Array, room: number): number | Status
  send(
    memory: Uint8Array,
    offsets: Uint32Array,
    lengths: Uint32Array,
    addresses: Uint32Array,
    first: number,
    count: number,
  ): number | Status
}

/** What native/addon.cc exports. */
export interface Native {
  readonly Object: new () => NativeObject
  openPinnedMap(path: string): NativeMap | Status
  openPinnedProgram(path: string): NativeProgram | Status
  openPinnedLink(path: string): NativeLink | Status
  lockDirectory(path: string): NativeHandle | Status
  rawSocket(protocol: number): NativeRawSocket | Status
  possibleCpus(): number | Status
  waitForPrograms(): Status
  ifindex(name: string): number | Status
  /** Replaces the process; returns only if it cannot. `file` is looked for in PATH, `environment` has NAME=value. */
  exec(file: string, argv: readonly string[], environment: readonly string[]): Status
}

/** From src/ as compiled (dist/src), in a checkout and in an installed package alike. */
const addonPath = fileURLToPath(new URL('../../build/Release/xlvs.node', import.meta.url))

let loaded: Native | undefined

/**
 * The addon, loaded at first use, so that what needs no kernel needs no addon.
 * @throws UnsupportedError if it is not built or was built for another Node.
 */
export function native(): Native {
  try {
    loaded ??= createRequire(import.meta.url)(addonPath) as Native
  } catch (cause) {
    const reason = `${addonPath} cannot be loaded; build it with: npm run setup`
    throw new UnsupportedError('native addon', reason, { cause })
  }
  return loaded
}
