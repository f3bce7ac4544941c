import type { Command } from '../api/protocol.js'
import type { Address } from '../core/address.js'
import { DirectorError } from '../core/errors.js'
import { type ServiceKey, serviceKeyText } from '../core/virtual-service.js'
import { schedulerNamed } from '../scheduler/index.js'
import { type DesiredService, GrowingService } from './desired.js'
import { validateServer, validateServiceKey } from './validate.js'

/** Commands that services grow by. */
export type Addition = Extract<Command, { readonly type: 'add-service' | 'add-server' }>

export function isAddition(command: Command): command is Addition {
  return command.type === 'add-service' || command.type === 'add-server'
}

type Run = readonly Addition[] | readonly [Exclude<Command, Addition>]

/** Commands in order; those that make a service and add servers to it one after the other stand together. */
export function* runs(commands: readonly Command[]): Iterable<Run> {
  let run: Addition[] = []
  let of: string | undefined
  for (const command of commands) {
    const goesOn = command.type === 'add-server' && serviceKeyText(command.key) === of
    if (!goesOn && run.length > 0) {
      yield run
      run = []
    }
    if (!isAddition(command)) {
      yield [command]
      of = undefined
      continue
    }
    run.push(command)
    of = serviceKeyText(command.type === 'add-server' ? command.key : command.service)
  }
  if (run.length > 0) yield run
}

/** What additions are carried out on. */
export interface AdditionParts {
  find(key: ServiceKey): DesiredService | undefined
  /** @throws Error with nothing changed. */
  install(desired: DesiredService): void
  /** Whether a server of any service has an address. */
  isUsed(rip: Address): boolean
  /** What is answered for an error. */
  refusal(command: Addition, error: unknown): DirectorError
  /** Called for each that was carried out. */
  done(command: Addition): void
}

type Outcome = DirectorError | undefined

/**
 * Carries out additions to one service together: the service is installed once for all of them, so that the time for many
 * servers is not the square of their number.
 */
export class Additions {
  constructor(private readonly parts: AdditionParts) {}

  /** Carries out a run of {@link runs}. One result for each: undefined, or why it was refused. */
  carryOut(run: readonly Addition[]): Outcome[] {
    const full = new FullTables(this.parts)
    return this.#pieces(run).flatMap((piece) => this.#carryOut(piece, full))
  }

  /**
   * Cuts a run where a scheduler cares about the steps: before a weight that no server has yet. A server of a weight that is
   * there changes neither the levels nor their common divisor, by which wrr decides where it begins.
   */
  #pieces(run: readonly Addition[]): readonly Addition[][] {
    const [first] = run
    if (!first) return []
    const before = this.parts.find(first.type === 'add-server' ? first.key : first.service)
    const scheduler = before?.service.scheduler ?? (first.type === 'add-service' ? first.service.scheduler : '')
    if (!isStepwise(scheduler)) return [[...run]]
    const weights = new Set(before?.servers.map(({ weight }) => weight))
    const pieces: Addition[][] = []
    for (const command of run) {
      const isStep = command.type === 'add-server' && !weights.has(command.server.weight)
      if (command.type === 'add-server') weights.add(command.server.weight)
      const piece = pieces.at(-1)
      if (piece && !isStep) piece.push(command)
      else pieces.push([command])
    }
    return pieces
  }

  /** What cannot be installed together is halved, until it comes out which of them is too much. */
  #carryOut(run: readonly Addition[], full: FullTables): Outcome[] {
    let service: GrowingService | undefined
    const outcomes = run.map((command): Outcome => {
      try {
        if (command.type === 'add-service') {
          service = this.#created(command, service)
        } else {
          // Kept also if the server is refused: to make it anew for each would take long.
          service ??= new GrowingService(this.#present(command.key))
          addServer(service, command, full)
        }
        return undefined
      } catch (error) {
        return this.parts.refusal(command, error)
      }
    })
    if (!service || outcomes.every((outcome) => outcome)) return outcomes
    try {
      this.parts.install(service.grown)
    } catch (error) {
      const [command] = run
      if (command && run.length === 1) {
        full.note(command, error)
        return [this.parts.refusal(command, error)]
      }
      const half = Math.ceil(run.length / 2)
      return [run.slice(0, half), run.slice(half)].flatMap((part) => this.#carryOut(part, full))
    }
    for (const [i, command] of run.entries()) if (!outcomes[i]) this.parts.done(command)
    return outcomes
  }

  /** A new service. @param growing the service of that key, if there is one. */
  #created({ service }: Extract<Addition, { type: 'add-service' }>, growing?: GrowingService): GrowingService {
    const { scheduler, ...key } = service
    validateServiceKey(key)
    if (growing || this.parts.find(key)) {
      throw new DirectorError('SERVICE_EXISTS', `${serviceKeyText(key)} exists already`)
    }
    schedulerNamed(scheduler)
    return new GrowingService({ service, servers: [] })
  }

  #present(key: ServiceKey): DesiredService {
    const desired = this.parts.find(key)
    if (!desired) throw new DirectorError('NO_SUCH_SERVICE', `there is no service ${serviceKeyText(key)}`)
    return desired
  }
}

/** Tables that were found full during a run: what else needs room there is refused without another try. */
class FullTables {
  #servers: DirectorError | undefined
  #addresses: DirectorError | undefined

  constructor(private readonly parts: Pick<AdditionParts, 'isUsed'>) {}

  /** States why a server was refused. */
  note(command: Addition, error: unknown): void {
    if (command.type !== 'add-server' || !(error instanceof DirectorError) || error.code !== 'NO_SPACE') return
    if (error.details.what === 'real servers') this.#servers = error
    if (error.details.what === 'next hops') this.#addresses = error
  }

  /** @throws DirectorError NO_SPACE if a server with this address finds no room. */
  check(rip: Address): void {
    const error = this.#servers ?? (this.parts.isUsed(rip) ? undefined : this.#addresses)
    if (error) throw error
  }
}

function addServer(
  service: GrowingService,
  command: Extract<Addition, { type: 'add-server' }>,
  full: FullTables,
): void {
  const server = validateServer(command.server)
  service.checkAbsent(server)
  full.check(server.rip)
  service.add(server)
}

function isStepwise(scheduler: string): boolean {
  try {
    return schedulerNamed(scheduler).isStepwise === true
  } catch {
    return false
  }
}
