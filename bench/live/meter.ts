import { decode } from '../../test/lib/describe-frame.js'
import { waitFor } from '../../test/lib/wait-for.js'
import { scatteringStride } from '../stride.js'
import { checkOutput, flowFrom, type Sending, servers } from '../traffic.js'
import { packetOf } from './frames.js'
import type { Counts } from './sink.js'
import { type Testbed, vips } from './testbed.js'

/** New connections begin here: above the flows of all established ones. */
const firstNewFlow = 2 ** 22
/** Connections are opened at most so many at a time, so that none expires half open before its turn comes. */
const openAtOnce = 8192
/** Frames that a veth's ring holds: so few cannot get lost. */
const ringSize = 256
/** Measurements in which too many frames got lost, each of half as many frames as the one before, until it is given up. */
const maxTries = 8
/** Frames that may be lost on the way: where a receiver is slow, the kernel lets its sender go on. */
const toleratedLoss = 0.02
/** How much a real server's share may differ from the mean, where there are enough connections for a share. */
const toleratedShare = 0.15
const enoughForShares = 1000
/** What is sent in one measurement. */
export interface Traffic {
  /** Established connections that ACKs belong to. */
  readonly connections: number
  /** Every so many packets one is the SYN of a new connection; 0: none, 1: all. */
  readonly synEvery: number
  /** How long to send. */
  readonly ms: number
}

/** Measures one director in its testbed, and checks that it does what it is there for. */
export class Meter {
  #established = 0
  #openAtOnce = openAtOnce
  #nextNew = firstNewFlow
  #nextAck = 0
  /** Frames that are sent in the time of a measurement. */
  #chunk = 0

  constructor(
    private readonly subject: string,
    private readonly bed: Testbed,
    private readonly sending: Sending,
    /** Whether packets have connections, and real servers their shares. */
    private readonly balances = true,
  ) {}

  /** Opens connections, a SYN and an ACK each, until there are so many. */
  async establish(connections: number): Promise<void> {
    if (!this.balances) return
    while (this.#established < connections) {
      const packets = Math.min(this.#openAtOnce, connections - this.#established)
      // An ACK that found no connection would be answered: where a frame was lost, once more, and fewer.
      if (await this.#open(this.#established, packets)) {
        this.#established += packets
        this.#openAtOnce = Math.min(openAtOnce, 2 * this.#openAtOnce)
      } else if (packets <= ringSize / 2) {
        throw new Error(`${this.subject}: packets get lost, however few are sent`)
      } else {
        this.#openAtOnce = Math.ceil(packets / 2)
      }
    }
  }

  /** @returns whether all ACKs arrived, so that all connections are there. */
  async #open(first: number, packets: number): Promise<boolean> {
    const load = {
      vip: this.#vip,
      sending: this.sending,
      packets,
      flows: first + packets,
      first,
      newFlow: first,
      stride: 1,
    }
    this.bed.sink.expect(this.#vip, this.sending === 'tunnel')
    const before = this.#arrived()
    this.bed.generator.send({ ...load, synEvery: 1 })
    await this.#settled(before + packets)
    const opened = this.#arrived()
    this.bed.generator.send({ ...load, synEvery: 0 })
    await this.#settled(opened + packets)
    return this.#arrived() === opened + packets && opened === before + packets
  }

  /** @returns packets a second that arrived at the real servers. @throws Error if they were not as they have to be. */
  async packetsPerSecond(traffic: Traffic): Promise<number> {
    await this.establish(traffic.connections)
    await this.#warmUp(traffic)
    for (let tries = 1; ; tries++) {
      const { rate, sent, arrived } = await this.#measure(traffic)
      if (arrived >= sent * (1 - toleratedLoss)) return rate
      if (tries === maxTries) throw new Error(`${this.subject}: of ${sent} packets ${arrived} arrived`)
      this.#chunk = Math.ceil(sent / 2)
    }
  }

  async #measure(traffic: Traffic): Promise<{ rate: number; sent: number; arrived: number }> {
    this.bed.sink.expect(this.#vip, this.sending === 'tunnel')
    const before = this.bed.sink.counts()
    const arrivedBefore = sum(before.byServer)
    const sent = this.#chunk
    const ms = this.#send(traffic, sent)
    await this.#settled(arrivedBefore + sent)
    const arrived = this.#arrived() - arrivedBefore
    this.#check(before, traffic)
    return { rate: (arrived / ms) * 1000, sent, arrived }
  }

  get #vip(): string {
    return this.sending === 'tunnel' ? vips.tunnel : vips.route
  }

  /** Brings back into the caches what others displaced, and finds out how much is sent in the time. */
  async #warmUp(traffic: Traffic): Promise<void> {
    const enoughMs = traffic.ms / 5
    const before = this.#arrived()
    let sent = 0
    let packets = 1024
    for (;;) {
      const ms = this.#send(traffic, packets)
      sent += packets
      this.#chunk = Math.ceil((packets * traffic.ms) / ms)
      if (ms >= enoughMs) break
      packets = Math.ceil(packets * Math.min(8, (1.2 * enoughMs) / ms))
    }
    await this.#settled(before + sent)
  }

  /** One call of the generator. @returns how long sending took, in ms. */
  #send({ connections, synEvery }: Traffic, packets: number): number {
    const flows = Math.max(1, connections)
    const stride = flows === 1 ? 0 : scatteringStride(flows)
    const [first, newFlow] = [this.#nextAck % flows, this.#nextNew]
    const { sending } = this
    const ms = this.bed.generator.send({ vip: this.#vip, sending, packets, flows, first, stride, synEvery, newFlow })
    const syns = synEvery === 0 ? 0 : Math.floor(packets / synEvery)
    this.#nextNew += syns
    this.#nextAck = (first + (packets - syns) * stride) % flows
    return ms
  }

  #arrived(): number {
    return sum(this.bed.sink.counts().byServer)
  }

  /** Waits until so many have arrived, or until no more come. */
  async #settled(expected: number): Promise<void> {
    let last = -1
    await waitFor('packets under way to arrive', () => {
      const arrived = this.#arrived()
      const isSettled = arrived >= expected || arrived === last
      last = arrived
      return isSettled
    })
  }

  #check(before: Counts, traffic: Traffic): void {
    const after = this.bed.sink.counts()
    const samples = this.bed.sink.samples()
    for (const frame of samples) this.#checkFrame(frame)
    if (after.strange !== before.strange)
      throw new Error(`${this.subject}: ${after.strange - before.strange} packets were not as expected`)
    const counts = after.byServer.map((count, i) => count - (before.byServer[i] ?? 0))
    const arrived = sum(counts)
    if (samples.length === 0) throw new Error(`${this.subject}: no packet was looked at`)
    if (!this.balances || (traffic.connections < enoughForShares && traffic.synEvery !== 1)) return
    const mean = arrived / servers.length
    for (const [i] of servers.entries()) {
      const share = (counts[i + 1] ?? 0) / mean
      if (Math.abs(share - 1) > toleratedShare)
        throw new Error(`${this.subject}: real server ${i + 1} got ${share.toFixed(2)} of its share`)
    }
  }

  #checkFrame(frame: Buffer): void {
    const { source = '', sport = 0, flags = '' } = decode(frame).packets.at(-1) ?? {}
    const flow = flowFrom({ address: source, port: sport })
    const packet = packetOf(flags === 'S' ? 'syn' : 'ack', flow, this.#vip)
    checkOutput({ sending: this.sending, packet, sourceMac: this.bed.sourceMac, servers, frame })
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
