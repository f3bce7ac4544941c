import type { Command } from '../api/protocol.js'
import { serviceKeyText } from '../core/virtual-service.js'

/** Commands that services grow by. */
export type Addition = Extract<Command, { readonly type: 'add-service' | 'add-server' }>

export function isAddition(command: Command): command is Addition {
  return command.type === 'add-service' || command.type === 'add-server'
}

/** Commands in order; those that make a service and add servers to it one after the other stand together. */
export function* runs(commands: readonly Command[]): Iterable<readonly Command[]> {
  let run: Command[] = []
  let of: string | undefined
  for (const command of commands) {
    const goesOn = command.type === 'add-server' && serviceKeyText(command.key) === of
    if (!goesOn && run.length > 0) {
      yield run
      run = []
    }
    run.push(command)
    of = command.type === 'add-server' ? serviceKeyText(command.key) : undefined
    if (command.type === 'add-service') of = serviceKeyText(command.service)
  }
  if (run.length > 0) yield run
}
