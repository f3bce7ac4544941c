import type { ServiceKey } from '../../core/virtual-service.js'
import type { ServiceEntry } from '../dataplane.js'
import { TableDataplane, type TableDataplaneParts } from '../tables/table-dataplane.js'
import type { Forwarder } from './forwarder.js'
import type { Silence } from './silence.js'
import type { StateFile } from './state-file.js'

export interface RawDataplaneParts extends TableDataplaneParts {
  readonly forwarder: Forwarder
  readonly silence: Silence
  readonly state: StateFile
}

/** The tables, in memory; with each service goes the silence of this machine about it, and all of it is written down. */
export class RawDataplane extends TableDataplane {
  readonly #parts: RawDataplaneParts

  constructor(parts: RawDataplaneParts) {
    super(parts)
    this.#parts = parts
  }

  override setService(entry: ServiceEntry): void {
    super.setService(entry)
    this.#parts.silence.add(entry.service)
  }

  override removeService(key: ServiceKey): void {
    super.removeService(key)
    this.#parts.silence.delete(key)
  }

  override settled(): Promise<void> {
    this.#parts.state.note()
    return this.#parts.silence.settled()
  }

  override collect(): void {
    super.collect()
    this.#parts.silence.upkeep()
    this.#parts.forwarder.report()
    this.#parts.state.save()
  }
}
