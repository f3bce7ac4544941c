import { ipvsFamilyId } from '../../../src/ipvs/server/families.js'
import type { Message } from '../../lib/netlink-message.js'
import type { KernelIpvs } from '../compare/kernel-ipvs.js'
import type { Result } from '../compare/run-case.js'
import type { Xlvs } from '../compare/xlvs.js'
import { describeMessage } from './describe-message.js'
import { openDirectorEnd } from './director-end.js'
import { differenceIn, type Exchange } from './exchange.js'
import { KernelEnd } from './kernel-end.js'
import type { NetlinkEnd } from './netlink-end.js'

/** Of so many differences the first ones say enough. */
const mostShown = 60

/** The two directors, given the same requests one after the other, and what they have answered. */
export class Both {
  readonly exchanges: Exchange[] = []
  readonly #differences: string[] = []

  private constructor(
    readonly kernel: KernelEnd,
    readonly director: NetlinkEnd,
  ) {}

  static async open(kernel: KernelIpvs, xlvs: Xlvs): Promise<Both> {
    return new Both(await KernelEnd.open(kernel.namespace, ipvsFamilyId), await openDirectorEnd(xlvs.ipvsSocket))
  }

  /** Gives a request to both, after those before it. @returns xlvs's answers. */
  async ask(request: Buffer): Promise<readonly Message[]> {
    const [kernel, director] = await Promise.all([this.kernel.ask(request), this.director.ask(request)])
    const exchange = { request, kernel, director }
    this.exchanges.push(exchange)
    const found = differenceIn(exchange)
    if (found !== undefined) this.#differences.push(found)
    return director
  }

  async askAll(requests: readonly Buffer[]): Promise<void> {
    await Promise.all(requests.map((each) => this.ask(each)))
  }

  /** Descriptions of all requests so far. */
  get requests(): string[] {
    return this.exchanges.map(({ request }) => describeMessage(request))
  }

  /** Requests that were answered alike, and what else there is to say. */
  result(): Result {
    const passed = this.exchanges.length - this.#differences.length
    if (this.#differences.length === 0) return { passed }
    const [all, shown] = [this.#differences.length, this.#differences.slice(0, mostShown)]
    const rest = all > shown.length ? [`and ${all - shown.length} more`] : []
    return { passed, difference: [...shown, ...rest].join('\n') }
  }

  close(): void {
    this.kernel.close()
    this.director.close()
  }
}
