/** The raw data plane on a network that a test plays: what is sent is kept, and datagrams come when it says so. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Address, addressFromNumber } from '../../src/core/address.js'
import type { DatagramSockets, Listener, Receiver, Refused } from '../../src/dataplane/raw/datagram-sockets.js'
import { type OpenedRaw, openRaw } from '../../src/dataplane/raw/open.js'
import { headroom, type Span } from '../../src/dataplane/sim/packet.js'
import { ManualClock } from './manual-clock.js'
import { MemoryLog } from './memory-log.js'
import { checksum } from './packet.js'
import { nsPerTick } from './table-director.js'

export interface SentDatagram {
  readonly datagram: Buffer
  readonly to: Address
}

/** Sockets that lead nowhere. */
export class FakeSockets implements DatagramSockets {
  readonly sent: SentDatagram[] = []
  /** By the name of the interface. */
  readonly listeners = new Map<string, Listener>()
  /** Why the kernel takes nothing, if it does not. */
  refusal: string | undefined
  #refused = 0
  /** As sent, and where it is sent from when the listener has returned. */
  #queued: { readonly sent: Buffer; readonly span: Span }[] = []

  /** A datagram comes to eth0. @throws Error if what was sent has been changed since. */
  deliver(datagram: Span): void {
    this.#queued = []
    this.listeners.get('eth0')?.(datagram)
    for (const { sent, span } of this.#queued) {
      const now = span.bytes.subarray(span.from, span.end)
      if (span.bytes === datagram.bytes && !sent.equals(now)) throw new Error('a packet was changed after it was sent')
    }
  }

  receive(interfaceName: string, listener: Listener): Receiver {
    this.listeners.set(interfaceName, listener)
    return { close: () => this.listeners.delete(interfaceName) }
  }

  close(): void {}

  takeRefused(): Refused {
    const packets = this.#refused
    this.#refused = 0
    return { packets, reason: this.refusal ?? '' }
  }

  send({ bytes, from, end }: Span, to: number): void {
    if (this.refusal !== undefined) {
      this.#refused++
      return
    }
    const sent = Buffer.from(bytes.subarray(from, end))
    this.#queued.push({ sent: Buffer.from(sent), span: { bytes, from, end } })
    // raw(7): the kernel always fills these in.
    sent.writeUInt16BE(sent.length, 2)
    sent.writeUInt16BE(0, 10)
    sent.writeUInt16BE(checksum(sent.subarray(0, (sent.readUInt8(0) & 0x0f) * 4)), 10)
    this.sent.push({ datagram: sent, to: addressFromNumber(to) })
  }
}

/** A datagram as sockets have it: in memory where there are others, which are not to be read. */
export function received(datagram: Uint8Array): Span {
  const others = Buffer.alloc(headroom, 0xff)
  return { bytes: Buffer.concat([others, datagram, others]), from: headroom, end: headroom + datagram.length }
}

/** nft that keeps the elements of sets, by their names, of one table. */
export class FakeNft {
  readonly elements = new Map<string, Set<string>>()
  refusal: Error | undefined
  runs = 0
  #table: string | undefined

  async apply(commands: readonly string[]): Promise<void> {
    this.runs++
    if (this.refusal) throw this.refusal
    for (const command of commands) this.#carryOut(command)
  }

  async tables(): Promise<string[]> {
    return this.#table === undefined ? [] : [this.#table]
  }

  flush(): void {
    this.#table = undefined
    this.elements.clear()
  }

  #carryOut(command: string): void {
    const [, table] = /^table ip (\S+)/.exec(command) ?? []
    if (table !== undefined) {
      this.#table = table
    } else if (command === `delete table ip ${this.#table}`) {
      this.flush()
    } else {
      const [, verb, set = '', list = ''] = /^(add|delete) element ip \S+ (\S+) \{ (.*) \}$/.exec(command) ?? []
      if (!verb) throw new Error(`nft knows no ${command}`)
      for (const element of list.split(', ')) this.#change(verb, set, element)
    }
  }

  #change(verb: string, set: string, element: string): void {
    const elements = this.elements.get(set) ?? new Set()
    this.elements.set(set, elements)
    if (verb === 'delete' && !elements.has(element)) throw new Error(`no element ${element} in ${set}`)
    if (verb === 'add') elements.add(element)
    else elements.delete(element)
  }
}

export class RawDirector {
  readonly runtimeDir = mkdtempSync(join(tmpdir(), 'xlvs-raw-'))
  readonly log = new MemoryLog()
  readonly clock = new ManualClock()
  readonly nft = new FakeNft()
  sockets = new FakeSockets()
  mtu = 1500
  /** What the packets' clock shows. */
  ticks = 1000

  static async open(t: Test): Promise<{ director: RawDirector; opened: OpenedRaw }> {
    const director = new RawDirector()
    t.teardown(() => rmSync(director.runtimeDir, { recursive: true }))
    const opened = await director.start()
    t.teardown(() => director.#opened?.dataplane.close())
    return { director, opened }
  }

  #opened: OpenedRaw | undefined

  /** Starts the data plane, as another process if it ran before. */
  async start({ tableSize }: { tableSize?: number } = { tableSize: 1024 }): Promise<OpenedRaw> {
    this.sockets = new FakeSockets()
    this.#opened = await openRaw({
      interfaces: ['eth0'],
      readLinks: async () => [{ name: 'eth0', ifindex: 1, mtu: this.mtu, up: true }],
      runtimeDir: this.runtimeDir,
      tableSize,
      log: this.log,
      clock: this.clock,
      openSockets: async () => this.sockets,
      nft: this.nft,
      nowTicks: () => this.ticks,
    })
    return this.#opened
  }

  advance(seconds: number): void {
    this.ticks += Math.round((seconds * 1e9) / Number(nsPerTick))
  }

  /** A datagram comes, and has been dealt with when this returns. */
  receive(datagram: Buffer): void {
    this.sockets.deliver(received(datagram))
  }
}
