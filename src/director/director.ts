import type { Command, ServiceView, StatusView } from '../api/protocol.js'
import type { Clock } from '../core/clock.js'
import type { Connection, Timeouts } from '../core/connection.js'
import { DirectorError } from '../core/errors.js'
import type { Logger } from '../core/logger.js'
import type { NextHopSource } from '../core/next-hop.js'
import { addTraffic, noTraffic, sumOfTraffic, type Traffic } from '../core/traffic.js'
import { type ServiceKey, serviceKeyText } from '../core/virtual-service.js'
import type { Dataplane, ServiceCounters } from '../dataplane/dataplane.js'
import { schedulerNamed } from '../scheduler/index.js'
import { type Addition, Additions, isAddition, runs } from './additions.js'
import { Arrivals } from './arrivals.js'
import { type DesiredService, withoutServer, withServerEdited } from './desired.js'
import { Estimator, estimationIntervalMs } from './estimator.js'
import { every } from './every.js'
import { Reconciler } from './reconciler.js'
import { validateServer, validateTimeouts } from './validate.js'
import { serviceView } from './views.js'

/** How often the data plane is asked to collect what is no longer used, and failed writes are tried again. */
export const upkeepIntervalMs = 5000

export interface DirectorParts {
  readonly dataplane: Dataplane
  readonly nextHops: NextHopSource
  readonly log: Logger
  readonly clock: Clock
}

/** What `xlvs status` shows of a director, whatever process it runs in. */
export type DirectorStatus = Omit<StatusView, 'version' | 'pid' | 'pinDir' | 'refusals'>

/** Owns the desired state and carries out commands on it: each of them wholly or not at all. */
export class Director {
  readonly #dataplane: Dataplane
  readonly #log: Logger
  readonly #clock: Clock
  readonly #reconciler: Reconciler
  readonly #arrivals: Arrivals
  readonly #estimator = new Estimator()
  readonly #services = new Map<string, DesiredService>()
  readonly #additions = new Additions({
    find: (key) => this.#services.get(serviceKeyText(key)),
    install: (desired) => this.#install(desired),
    isUsed: (rip) => this.#reconciler.isUsed(rip),
    refusal: (command, error) => this.#refusal(command, error),
    done: (command) => this.#log.info({ command }, 'command carried out'),
  })
  #stopTimers: (() => void)[] = []

  constructor({ dataplane, nextHops, log, clock }: DirectorParts) {
    this.#dataplane = dataplane
    this.#log = log
    this.#clock = clock
    this.#arrivals = new Arrivals(clock)
    this.#reconciler = new Reconciler(dataplane, nextHops, log, this.#arrivals)
  }

  /** Adopts what the data plane holds, then begins to keep it current. */
  async start(): Promise<void> {
    for (const desired of await this.#reconciler.start()) this.#services.set(serviceKeyText(desired.service), desired)
    // What came before is no traffic of now.
    this.#dataplane.moved()
    this.#stopTimers = [
      every(this.#clock, estimationIntervalMs, () =>
        this.#guarded(() => this.#estimator.tick(this.#dataplane.moved())),
      ),
      every(this.#clock, upkeepIntervalMs, () => this.#guarded(() => this.#reconciler.upkeep())),
    ]
    this.#log.info({ services: this.#services.size }, 'director started')
  }

  /** Percent of the connection table that one service may have while it is nearly full; 100: all. */
  setServiceShare(percent: number): void {
    this.#reconciler.setServiceShare(percent)
  }

  /** Stops the timers; forwarding goes on. */
  stop(): void {
    for (const stopTimer of this.#stopTimers.splice(0)) stopTimer()
  }

  /**
   * Carries a command out.
   * @throws DirectorError if it is refused; nothing has changed then.
   */
  execute(command: Command): void {
    const [error] = this.executeAll([command])
    if (error) throw error
  }

  /** Carries out commands in order. One result for each: undefined, or why it was refused; the others are carried out. */
  executeAll(commands: readonly Command[]): (DirectorError | undefined)[] {
    return [...runs(commands)].flatMap((run) =>
      run.every(isAddition) ? this.#additions.carryOut(run) : run.map((command) => this.#attempt(command)),
    )
  }

  #attempt(command: Exclude<Command, Addition>): DirectorError | undefined {
    try {
      this.#carryOut(command)
    } catch (error) {
      return this.#refusal(command, error)
    }
    this.#log.info({ command }, 'command carried out')
    return undefined
  }

  /** Resolves when what the last commands changed is in force and servers can take packets, or will not very soon. */
  async settled(): Promise<void> {
    await Promise.all([this.#arrivals.settled(), this.#dataplane.settled()])
  }

  /** All services, or the one asked for. @throws DirectorError NO_SUCH_SERVICE. */
  services(key?: ServiceKey): ServiceView[] {
    return [...this.eachService(key)]
  }

  /** All services, each read when it is asked for: commands may be carried out between two of them. */
  *eachService(key?: ServiceKey): Generator<ServiceView> {
    if (key) this.#present(key)
    for (const row of this.#rows(key)) yield this.#view(row)
  }

  /** Slots of the connection table. */
  tableSize(): number {
    return this.#dataplane.tableSize
  }

  /**
   * Traffic of all services since the table began or the last `-Z` of everything. IPVS's totals keep that of services that
   * were deleted or zeroed one by one; so does the data plane, for the next director.
   * @param services all of them, if they are at hand; none for the part of those that are gone.
   */
  totals(services: Iterable<{ readonly traffic: Traffic }> = this.#rows()): Traffic {
    return sumOfTraffic(services, this.#dataplane.departed())
  }

  /** The connection table, in no order. */
  connections(): AsyncIterable<Connection> {
    return this.#dataplane.connections()
  }

  timeouts(): Timeouts {
    return this.#dataplane.timeouts()
  }

  status(): DirectorStatus {
    const { verdicts, connections, interfaces } = this.#dataplane.stats()
    return {
      dataplane: this.#dataplane.name,
      interfaces,
      services: this.#services.size,
      servers: [...this.#services.values()].reduce((sum, { servers }) => sum + servers.length, 0),
      connections,
      verdicts: Object.fromEntries(verdicts),
      unresolved: this.#reconciler.unresolved(),
    }
  }

  #carryOut(command: Exclude<Command, Addition>): void {
    switch (command.type) {
      case 'edit-service':
        this.#editService({ service: command.service, servers: this.#present(command.service).servers })
        break
      case 'delete-service':
        this.#deleteService(this.#present(command.key).service)
        break
      case 'edit-server': {
        const desired = this.#present(command.key)
        this.#install(withServerEdited(desired, validateServer(command.server)))
        break
      }
      case 'delete-server':
        this.#install(withoutServer(this.#present(command.key), command.server))
        this.#estimator.forget(command.key, command.server)
        break
      case 'flush':
        this.#flush()
        break
      case 'zero':
        this.#zero(command.key && this.#present(command.key).service)
        break
      case 'set-timeouts':
        this.#setTimeouts(command.timeouts)
        break
    }
  }

  /** The same scheduler stays bound and goes on where it was (ip_vs_edit_service). */
  #editService(desired: DesiredService): void {
    const before = this.#present(desired.service).service.scheduler
    schedulerNamed(desired.service.scheduler)
    if (desired.service.scheduler !== before) this.#install(desired)
  }

  #deleteService(key: ServiceKey): void {
    const traffic = sumOfTraffic(this.#rows(key))
    this.#reconciler.remove(key)
    this.#reconciler.setDeparted(addTraffic(this.#dataplane.departed(), traffic))
    this.#estimator.zero(key)
    this.#services.delete(serviceKeyText(key))
  }

  #flush(): void {
    const totals = this.totals()
    this.#reconciler.removeAll()
    this.#reconciler.setDeparted(totals)
    this.#estimator.zero()
    this.#services.clear()
  }

  #zero(key: ServiceKey | undefined): void {
    const departed = key ? sumOfTraffic(this.#rows(key), this.#dataplane.departed()) : noTraffic
    this.#reconciler.zero(key)
    this.#reconciler.setDeparted(departed)
    this.#estimator.zero(key)
  }

  #setTimeouts(wanted: Timeouts): void {
    validateTimeouts(wanted)
    const present = this.#dataplane.timeouts()
    this.#reconciler.setTimeouts({
      tcpS: wanted.tcpS || present.tcpS,
      tcpFinS: wanted.tcpFinS || present.tcpFinS,
      udpS: wanted.udpS || present.udpS,
    })
  }

  #install(desired: DesiredService): void {
    this.#reconciler.install(desired)
    this.#services.set(serviceKeyText(desired.service), desired)
  }

  #present(key: ServiceKey): DesiredService {
    const desired = this.#services.get(serviceKeyText(key))
    if (!desired) throw new DirectorError('NO_SUCH_SERVICE', `there is no service ${serviceKeyText(key)}`)
    return desired
  }

  #rows(key?: ServiceKey): Iterable<ServiceCounters> {
    return this.#dataplane.counters(...(key ? [key] : []))
  }

  #view(row: ServiceCounters): ServiceView {
    return serviceView(this.#present(row.key), row, (rip) => this.#reconciler.hop(rip), this.#estimator)
  }

  #refusal(command: Command, error: unknown): DirectorError {
    if (error instanceof DirectorError) return error
    this.#log.error({ err: error, command }, 'command failed')
    const reason = error instanceof Error ? error.message : String(error)
    return new DirectorError('INTERNAL', reason, {}, { cause: error })
  }

  /** Runs what nobody waits for and what will be done again. */
  #guarded(work: () => void): void {
    try {
      work()
    } catch (err) {
      this.#log.warn({ err }, 'upkeep failed and will be tried again')
    }
  }
}
