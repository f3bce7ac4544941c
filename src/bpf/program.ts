import { basename } from 'node:path'
import { type NativeProgram, native, type ProgramInfo } from '../native.js'
import { check } from './error.js'
import { BpfLink } from './link.js'

/** native: in the driver, before there is an skb. generic: in the stack, on any interface. */
export type XdpMode = 'native' | 'generic'

/** XDP_FLAGS_*, linux/if_link.h. */
const xdpFlags = { generic: 1 << 1, native: 1 << 2 } as const

/** BPF_F_TEST_XDP_LIVE_FRAMES, linux/bpf.h. */
const liveFramesFlag = 1 << 1

/** Room for what a program puts in front of a packet. */
const headroom = 256

/** XDP actions, enum xdp_action in linux/bpf.h. */
export const xdpActions = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const

/** A packet, and how to give it to an XDP program. */
export interface TestRun {
  readonly data: Uint8Array
  /** Interface that it seems to have come in on; the kernel's choice is loopback. */
  readonly ingressIfindex?: number
  /** Runs; each but the first sees what the one before left. Default 1. */
  readonly repeat?: number
  /** Largest packet out, in bytes. Default: 256 more than in. */
  readonly outSize?: number
  /** Do what the program decides (send, redirect) with real frames, `repeat` of them, each a fresh copy; gives no data. */
  readonly liveFrames?: boolean
  /** Live frames at a time, at most 256 (the default 0 is the kernel's, 64). */
  readonly batchSize?: number
}

export interface TestRunResult {
  /** What the program returned ({@link xdpActions}). */
  readonly retval: number
  /** The packet out; empty for live frames. */
  readonly data: Buffer
  /** Mean of all runs. */
  readonly durationNs: number
}

/** A loaded BPF program. Methods throw BpfError when the kernel refuses. */
export class BpfProgram {
  private constructor(
    private readonly handle: NativeProgram,
    readonly name: string,
  ) {}

  /** Takes over what the addon made. */
  static of(handle: NativeProgram, name: string): BpfProgram {
    return new BpfProgram(handle, name)
  }

  /** @throws BpfError ENOENT if nothing is pinned at `path`, EINVAL if it is not a program. */
  static openPinned(path: string): BpfProgram {
    return new BpfProgram(check(native().openPinnedProgram(path), 'BPF_OBJ_GET', path), basename(path))
  }

  /** The descriptor, valid until close(): values of program arrays. */
  get fd(): number {
    return check(this.handle.fd(), 'fd', this.name)
  }

  get info(): ProgramInfo {
    return check(this.handle.info(), 'BPF_OBJ_GET_INFO_BY_FD', this.name)
  }

  /** @throws BpfError EBUSY if the interface has a program, EOPNOTSUPP if its driver has no native XDP. */
  attachXdp(ifindex: number, mode: XdpMode): BpfLink {
    const handle = this.handle.attachXdp(ifindex, xdpFlags[mode])
    return BpfLink.of(check(handle, 'BPF_LINK_CREATE', `${this.name} on interface ${ifindex} (${mode})`), this.name)
  }

  /** Gives a packet to an XDP program (BPF_PROG_TEST_RUN). Blocks until all runs are done. */
  testRun({ data, ingressIfindex, repeat = 1, outSize, liveFrames = false, batchSize = 0 }: TestRun): TestRunResult {
    const out = liveFrames ? undefined : Buffer.alloc(outSize ?? data.length + headroom)
    const { retval, dataLength, durationNs } = check(
      this.handle.testRun({
        dataIn: data,
        dataOut: out,
        ctx: ingressIfindex === undefined ? undefined : xdpContext(ingressIfindex, data.length),
        repeat,
        flags: liveFrames ? liveFramesFlag : 0,
        cpu: 0,
        batchSize,
      }),
      'BPF_PROG_TEST_RUN',
      this.name,
    )
    return { retval, data: out?.subarray(0, dataLength) ?? Buffer.alloc(0), durationNs }
  }

  /** Runs a SEC("syscall") program once. `ctx` is what it left of the one given. */
  run(ctx: Uint8Array = Buffer.alloc(0)): { retval: number; ctx: Buffer } {
    const copy = Buffer.from(ctx)
    const { retval } = check(
      this.handle.testRun({
        dataIn: undefined,
        dataOut: undefined,
        ctx: copy.length === 0 ? undefined : copy,
        repeat: 0,
        flags: 0,
        cpu: 0,
        batchSize: 0,
      }),
      'BPF_PROG_TEST_RUN',
      this.name,
    )
    return { retval, ctx: copy }
  }

  pin(path: string): void {
    check(this.handle.pin(path), 'BPF_OBJ_PIN', path)
  }

  /** Lets go of the program; the kernel frees it when links, pins and others have, too. */
  close(): void {
    this.handle.close()
  }
}

/** struct xdp_md (linux/bpf.h) of a packet without metadata on queue 0. */
function xdpContext(ingressIfindex: number, length: number): Buffer {
  const [data, metadata, queue, egressIfindex] = [0, 0, 0, 0]
  const context = new Uint32Array([data, length, metadata, ingressIfindex, queue, egressIfindex])
  return Buffer.from(context.buffer)
}
