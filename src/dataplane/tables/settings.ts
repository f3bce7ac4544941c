import { connectionStates, stateTimeoutsS, type Timeouts } from '../../core/connection.js'
import { secondsToTicks, ticksToMs } from './connection-table.js'
import { type ConfigStruct, configLayout, connState, sharedConstant } from './layout.gen.js'
import { MappedArray } from './mapped-array.js'
import type { TableMap } from './table-map.js'

/** Seconds for which the director's hardware addresses are believed without a word from the daemon. */
const ownMacsLastS = 15

/** Assured connections, of the slots of the table, when it is nearly full: of the connections that are still to come one in 300 finds no place. */
const nearlyFull = 2 / 3
const noLimit = 0xffff_ffff

/** struct config: what packets read besides services and connections. */
export class Settings {
  #ownMacsKnown = false
  readonly #config: MappedArray<ConfigStruct>

  constructor(map: TableMap) {
    this.#config = new MappedArray(map, configLayout)
  }

  /** For a new table. @param sets a power of two. @param hashSeed 16 random bytes. */
  initialise(sets: number, hashSeed: Buffer, timeouts: Timeouts): void {
    this.#config.set(0, {
      hashSeed: [hashSeed.readBigUInt64LE(0), hashSeed.readBigUInt64LE(8)],
      setMask: sets - 1,
      nOwnMacs: 0,
      ownMacsUntil: 0,
      // The sweeper knows.
      now: 0,
      ownMacs: new Array<bigint>(sharedConstant.OWN_MACS).fill(0n),
      timeoutTicks: timeoutTicks(timeouts),
      layoutVersion: sharedConstant.LAYOUT_VERSION,
      assured: 0,
      nearlyFull: Math.ceil(nearlyFull * sets * sharedConstant.SET_SLOTS),
      shareLimit: noLimit,
      setMask6: 0,
    })
  }

  /** @param limit of one service's assured connections while the table is nearly full; absent: none. */
  setShareLimit(limit: number = noLimit): void {
    this.#config.publish(0, configLayout.offsets.shareLimit, limit)
  }

  /** Assured connections from which on the table is nearly full, and how many a service may have then: absent for all. */
  share(): { readonly nearlyFull: number; readonly limit?: number } {
    const { nearlyFull, shareLimit } = this.#config.get(0)
    return { nearlyFull, ...(shareLimit !== noLimit && { limit: shareLimit }) }
  }

  /** If there are more than find room, all frames are taken: better some too many than a service out of reach. */
  setOwnMacs(macs: readonly string[], nowTicks: number): void {
    const { offsets } = configLayout
    const known = macs.length <= sharedConstant.OWN_MACS ? macs : []
    this.#config.publish(0, offsets.nOwnMacs, 0)
    known.forEach((mac, i) => {
      const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex')
      this.#config.publish(0, offsets.ownMacs + 8 * i, bytes.readInt32LE(0))
      this.#config.publish(0, offsets.ownMacs + 8 * i + 4, bytes.readUInt16LE(4))
    })
    this.#config.publish(0, offsets.nOwnMacs, known.length)
    this.#ownMacsKnown = known.length > 0
    this.keepOwnMacs(nowTicks)
  }

  /** Called again before {@link ownMacsLastS} are over, by a daemon that sees addresses change. */
  keepOwnMacs(nowTicks: number): void {
    if (!this.#ownMacsKnown) return
    this.#config.publish(0, configLayout.offsets.ownMacsUntil, nowTicks + secondsToTicks(ownMacsLastS))
  }

  setTimeouts(timeouts: Timeouts): void {
    timeoutTicks(timeouts).forEach((ticks, state) => {
      this.#config.publish(0, configLayout.offsets.timeoutTicks + 4 * state, ticks)
    })
  }

  timeouts(): Timeouts {
    const { timeoutTicks } = this.#config.get(0)
    const seconds = (state: number) => Math.floor(ticksToMs(timeoutTicks[state] ?? 0) / 1000)
    return {
      tcpS: seconds(connState.ESTABLISHED),
      tcpFinS: seconds(connState.FIN_WAIT),
      udpS: seconds(connState.UDP),
    }
  }
}

function timeoutTicks(timeouts: Timeouts): number[] {
  const seconds = stateTimeoutsS(timeouts)
  const ticks = new Array<number>(sharedConstant.STATE_SLOTS).fill(0)
  for (const state of connectionStates) ticks[connState[state]] = secondsToTicks(seconds[state])
  return ticks
}
