import type { Clock } from '../../core/clock.js'
import type { Director } from '../../director/director.js'
import type { Patience } from './patience.js'

/** What requests are answered from. */
export interface IpvsParts {
  readonly director: Pick<
    Director,
    'executeAll' | 'settled' | 'services' | 'totals' | 'tableSize' | 'connections' | 'timeouts'
  >
  readonly clock: Clock
  /** Called when so many commands have been carried out. */
  changed(commands: number): void
  /** Whether the director has been asked to end: what it were told from now on would be lost. */
  goesDown(): boolean
}

/** What a request is carried out with. */
export interface Context extends IpvsParts {
  readonly patience: Patience
}
