import { forwardings, type RealServer, type ServerKey } from '../core/real-server.js'
import { protocols, type ServiceKey, type VirtualService } from '../core/virtual-service.js'
import type { Field } from './decode.js'
import type { Command } from './protocol.js'

/** How the members of each command are read: one entry for each, so that none can be forgotten. */
const decoders: { readonly [T in Command['type']]: (command: Field) => Extract<Command, { type: T }> } = {
  'add-service': (command) => ({ type: 'add-service', service: service(command.get('service')) }),
  'edit-service': (command) => ({ type: 'edit-service', service: service(command.get('service')) }),
  'delete-service': (command) => ({ type: 'delete-service', key: decodeServiceKey(command.get('key')) }),
  'add-server': (command) => ({
    type: 'add-server',
    key: decodeServiceKey(command.get('key')),
    server: server(command.get('server')),
  }),
  'edit-server': (command) => ({
    type: 'edit-server',
    key: decodeServiceKey(command.get('key')),
    server: server(command.get('server')),
  }),
  'delete-server': (command) => ({
    type: 'delete-server',
    key: decodeServiceKey(command.get('key')),
    server: serverKey(command.get('server')),
  }),
  flush: () => ({ type: 'flush' }),
  zero: (command) => {
    const key = command.get('key').optional(decodeServiceKey)
    return key ? { type: 'zero', key } : { type: 'zero' }
  },
  'set-timeouts': (command) => {
    const timeouts = command.get('timeouts')
    return {
      type: 'set-timeouts',
      timeouts: {
        tcpS: timeouts.get('tcpS').integer(),
        tcpFinS: timeouts.get('tcpFinS').integer(),
        udpS: timeouts.get('udpS').integer(),
      },
    }
  },
}

const commandTypes = Object.keys(decoders) as Command['type'][]

/**
 * Reads an array of commands. Types and names are checked here; whether values make sense is for the director to say.
 * @throws DirectorError INVALID naming field, value and what is allowed: then none of the commands is carried out.
 */
export function decodeCommands(commands: Field): Command[] {
  return commands.elements().map((command) => decoders[command.get('type').oneOf(commandTypes)](command))
}

/** @throws DirectorError INVALID. */
export function decodeServiceKey(key: Field): ServiceKey {
  return {
    protocol: key.get('protocol').oneOf(protocols),
    vip: key.get('vip').string(),
    vport: key.get('vport').integer(),
  }
}

function service(field: Field): VirtualService {
  return { ...decodeServiceKey(field), scheduler: field.get('scheduler').string() }
}

function serverKey(key: Field): ServerKey {
  return { rip: key.get('rip').string(), rport: key.get('rport').integer() }
}

function server(field: Field): RealServer {
  return {
    ...serverKey(field),
    forwarding: field.get('forwarding').oneOf(forwardings),
    weight: field.get('weight').integer(),
  }
}
