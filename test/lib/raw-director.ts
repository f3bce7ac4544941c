/** The raw data plane on a network that a test plays: what is sent is kept, and datagrams come when it says so. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Address, addressFromNumber } from '../../src/core/address.js'
import { DatagramMemory, datagramBytes } from '../../src/dataplane/raw/datagram-memory.js'
import type { DatagramSockets, Listener, Receiver, Refused } from '../../src/dataplane/raw/datagram-sockets.js'
import { type OpenedRaw, openRaw } from '../../src/dataplane/raw/open.js'
import { DirectorModule } from '../../src/dataplane/wasm/module.js'
import { ManualClock } from './manual-clock.js'
import { MemoryLog } from './memory-log.js'
import { checksum } from './packet.js'
import { nsPerTick } from './table-director.js'

export interface SentDatagram {
  readonly datagram: Buffer
  readonly to: Address
}

/** Memory for datagrams, in which there are none. */
export function noDatagrams(): DatagramMemory {
  return new DatagramMemory(new DirectorModule({ sizes: { conns: { maxEntries: 1 } }, packetBytes: datagramBytes }))
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
  #queued: { readonly sent: Buffer; readonly from: number }[] = []

  constructor(private readonly memory: DatagramMemory) {}

  /** Datagrams come to eth0 together. @throws Error if what was sent has been changed since. */
  deliver(...datagrams: readonly Uint8Array[]): void {
    const { bytes, offsets, lengths } = this.memory
    this.#queued = []
    this.memory.prepare()
    for (const [i, datagram] of datagrams.entries()) {
      lengths[i] = datagram.length
      bytes.set(datagram, offsets[i])
      // What was there before is not to be read.
      bytes.fill(0xff, (offsets[i] ?? 0) + datagram.length, (offsets[i] ?? 0) + datagram.length + 64)
    }
    this.listeners.get('eth0')?.(datagrams.length)
    for (const { sent, from } of this.#queued) {
      if (!sent.equals(bytes.subarray(from, from + sent.length)))
        throw new Error('a packet was changed after it was sent')
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

  send(from: number, length: number, to: number): void {
    const datagram = this.memory.bytes.subarray(from, from + length)
    if (this.refusal === undefined) this.#queued.push({ sent: Buffer.from(datagram), from })
    this.sendBytes(datagram, to)
  }

  sendBytes(datagram: Buffer, to: number): void {
    if (this.refusal !== undefined) {
      this.#refused++
      return
    }
    const sent = Buffer.from(datagram)
    // raw(7): the kernel always fills these in.
    sent.writeUInt16BE(sent.length, 2)
    sent.writeUInt16BE(0, 10)
    sent.writeUInt16BE(checksum(sent.subarray(0, (sent.readUInt8(0) & 0x0f) * 4)), 10)
    this.sent.push({ datagram: sent, to: addressFromNumber(to) })
  }
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
  /** Of the last start. */
  #sockets: FakeSockets | undefined
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
    this.#opened = await openRaw({
      interfaces: ['eth0'],
      readLinks: async () => [{ name: 'eth0', ifindex: 1, mtu: this.mtu, up: true }],
      runtimeDir: this.runtimeDir,
      tableSize,
      log: this.log,
      clock: this.clock,
      openSockets: async (_, memory) => {
        this.#sockets = new FakeSockets(memory)
        return this.#sockets
      },
      nft: this.nft,
      nowTicks: () => this.ticks,
    })
    return this.#opened
  }

  advance(seconds: number): void {
    this.ticks += Math.round((seconds * 1e9) / Number(nsPerTick))
  }

  get sockets(): FakeSockets {
    if (!this.#sockets) throw new Error('it has not been started')
    return this.#sockets
  }

  /** Datagrams come together, and have been dealt with when this returns. */
  receive(...datagrams: readonly Buffer[]): void {
    this.sockets.deliver(...datagrams)
  }
}
