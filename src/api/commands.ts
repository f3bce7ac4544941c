import { forwardings, type RealServer, type ServerKey } from '../core/real-server.js'
import { protocols, type ServiceKey, type VirtualService } from '../core/virtual-service.js'
import { Field } from './decode.js'
import type { Command } from './protocol.js'

/** How the members of each command are read: one entry for each, so that none can be forgotten. */
const decoders: { readonly [T in Command['type']]: (command: Field) => Extract<Command, { type: T }> } = {
  'add-service': (command) => ({ type: 'add-service', service: service(command.get('service')) }),
  'edit-service': (command) => ({ type: 'edit-service', service: service(command.get('service')) }),
  'delete-service': (command) => ({ type: 'delete-service', key: serviceKey(command.get('key')) }),
  'add-server': (command) => ({
    type: 'add-server',
    key: serviceKey(command.get('key')),
    server: server(command.get('server')),
  }),
  'edit-server': (command) => ({
    type: 'edit-server',
    key: serviceKey(command.get('key')),
    server: server(command.get('server')),
  }),
  'delete-server': (command) => ({
    type: 'delete-server',
    key: serviceKey(command.get('key')),
    server: serverKey(command.get('server')),
  }),
  flush: () => ({ type: 'flush' }),
  zero: (command) => {
    const key = command.get('key').optional(serviceKey)
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
 * Reads a CommandsRequest. Types and names are checked here; whether values make sense is for the director to say.
 * @throws DirectorError INVALID naming field, value and what is allowed: then none of the commands is carried out.
 */
export function decodeCommands(body: unknown): Command[] {
  const commands = new Field('', body).get('commands').elements()
  return commands.map((command) => decoders[command.get('type').oneOf(commandTypes)](command))
}

/** Reads the query of GET /v1/services: a whole key, or none. @throws DirectorError INVALID. */
export function decodeServiceQuery(query: URLSearchParams): ServiceKey | undefined {
  if (query.size === 0) return undefined
  const { vport, ...rest } = Object.fromEntries(query)
  return serviceKey(new Field('', { ...rest, vport: vport && /^\d+$/.test(vport) ? Number(vport) : vport }))
}

function serviceKey(key: Field): ServiceKey {
  return {
    protocol: key.get('protocol').oneOf(protocols),
    vip: key.get('vip').string(),
    vport: key.get('vport').integer(),
  }
}

function service(field: Field): VirtualService {
  return { ...serviceKey(field), scheduler: field.get('scheduler').string() }
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
