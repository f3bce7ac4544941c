/**
 * What net/netfilter/ipvs does with a service's list, transcribed statement by statement and sharing nothing with
 * src/scheduler: the order that rr and wrr are held against. The list head is `null`, as `&svc->destinations` is there.
 */

export interface Dest {
  readonly name: string
  weight: number
  /** IP_VS_DEST_F_OVERLOAD: skipped without leaving the list. */
  overload: boolean
}

export abstract class KernelService {
  protected readonly destinations: Dest[] = []

  add(dest: Dest): void {
    this.destinations.unshift(dest)
    this.destChanged()
  }

  delete(dest: Dest): void {
    const at = this.destinations.indexOf(dest)
    this.destinations.splice(at, 1)
    this.unlinked(dest, this.destinations[at - 1] ?? null)
    this.destChanged()
  }

  edit(dest: Dest, weight: number): void {
    dest.weight = weight
    this.destChanged()
  }

  /** The picked server's name. */
  abstract schedule(): string | undefined
  protected destChanged(): void {}
  protected unlinked(_dest: Dest, _previous: Dest | null): void {}

  /** list_for_each_entry_continue */
  protected after(dest: Dest | null): Dest[] {
    return this.destinations.slice(dest === null ? 0 : this.destinations.indexOf(dest) + 1)
  }
}

/** ip_vs_rr.c */
export class KernelRr extends KernelService {
  #schedData: Dest | null = null

  protected override unlinked(dest: Dest, previous: Dest | null): void {
    if (this.#schedData === dest) this.#schedData = previous
  }

  schedule(): string | undefined {
    const p = this.#schedData
    const last = p
    let dest: Dest | null = p
    let pass = 0
    do {
      for (const entry of this.after(dest)) {
        if (!entry.overload && entry.weight > 0) {
          this.#schedData = entry
          return entry.name
        }
        if (entry === last) return undefined
      }
      dest = null
      pass++
    } while (pass < 2 && p !== null)
    return undefined
  }
}

/** ip_vs_wrr.c */
export class KernelWrr extends KernelService {
  #mark = { cl: null as Dest | null, cw: 0, mw: 0, di: 1 }

  /** ip_vs_wrr_init_svc, as when the scheduler is bound to a service that has servers. */
  bind(): void {
    const di = this.#gcdWeight()
    const mw = this.#maxWeight() - (di - 1)
    this.#mark = { cl: null, di, mw, cw: mw }
  }

  protected override destChanged(): void {
    const mark = this.#mark
    mark.cl = null
    mark.di = this.#gcdWeight()
    mark.mw = this.#maxWeight() - (mark.di - 1)
    if (mark.cw > mark.mw || !mark.cw) mark.cw = mark.mw
    else if (mark.di > 1) mark.cw = Math.trunc(mark.cw / mark.di) * mark.di + 1
  }

  schedule(): string | undefined {
    const mark = this.#mark
    let dest = mark.cl
    let stop: Dest | undefined
    let lastPass = false
    let restarted = false
    if (mark.mw === 0) return undefined
    const last = dest
    while (true) {
      for (const entry of this.after(dest)) {
        dest = entry
        if (!entry.overload && entry.weight >= mark.cw) {
          mark.cl = entry
          return entry.name
        }
        if (entry === stop) {
          mark.cl = entry
          return undefined
        }
      }
      dest = null
      mark.cw -= mark.di
      if (mark.cw <= 0) {
        mark.cw = mark.mw
        if (lastPass || last === null) {
          mark.cl = null
          return undefined
        }
        restarted = true
      }
      lastPass = mark.cw <= mark.di
      if (lastPass && restarted && last !== null) stop = last
    }
  }

  #gcdWeight(): number {
    let g = 0
    for (const { weight } of this.destinations) if (weight > 0) g = g > 0 ? gcd(weight, g) : weight
    return g || 1
  }

  #maxWeight(): number {
    return this.destinations.reduce((most, { weight }) => Math.max(most, weight), 0)
  }
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}
