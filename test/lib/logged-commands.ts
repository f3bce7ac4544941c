import type { Command } from '../../src/api/protocol.js'
import type { DirectorProcess } from './director-process.js'

/** The commands that a director says it has carried out for the service at a port, in order: `add-server 192.0.2.11`. */
export function loggedCommands({ log }: DirectorProcess, vport: number): string[] {
  const lines = log.split('\n').filter((line) => line.includes('"command carried out"'))
  const commands = lines.map((line) => (JSON.parse(line) as { command: Command }).command)
  return commands.filter((command) => portOf(command) === vport).map(textOf)
}

function portOf(command: Command): number | undefined {
  if ('key' in command) return command.key?.vport
  return 'service' in command ? command.service.vport : undefined
}

function textOf(command: Command): string {
  return 'server' in command ? `${command.type} ${command.server.rip}` : command.type
}
