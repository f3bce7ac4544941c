/** ip_vs_lc.c and ip_vs_wlc.c, transcribed; the counts are those of a director whose connections all stay in SYN_RECV. */
import { type Dest, KernelService } from '../unit/scheduler/kernel-model.js'

abstract class KernelLeast extends KernelService {
  /** By name: a server that comes back finds its connections. */
  readonly #activeconns = new Map<string, number>()

  /** ip_vs_dest_conn_overhead() */
  protected overhead({ name }: Dest): number {
    return (this.#activeconns.get(name) ?? 0) << 8
  }

  protected abstract least(): Dest | undefined

  schedule(): string | undefined {
    const least = this.least()
    if (least) this.#activeconns.set(least.name, (this.#activeconns.get(least.name) ?? 0) + 1)
    return least?.name
  }
}

export class KernelLc extends KernelLeast {
  protected least(): Dest | undefined {
    let least: Dest | undefined
    let loh = 0
    for (const dest of this.destinations) {
      if (dest.overload || dest.weight === 0) continue
      const doh = this.overhead(dest)
      if (!least || doh < loh) {
        least = dest
        loh = doh
      }
    }
    return least
  }
}

export class KernelWlc extends KernelLeast {
  protected least(): Dest | undefined {
    const first = this.destinations.findIndex(({ overload, weight }) => !overload && weight > 0)
    if (first < 0) return undefined
    let least = this.destinations[first] as Dest
    let loh = this.overhead(least)
    // list_for_each_entry_continue_rcu
    for (const dest of this.destinations.slice(first + 1)) {
      if (dest.overload) continue
      const doh = this.overhead(dest)
      if (loh * dest.weight > doh * least.weight) {
        least = dest
        loh = doh
      }
    }
    return least
  }
}
