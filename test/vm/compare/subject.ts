import { randomBytes } from 'node:crypto'
import type { Namespace } from '../../lib/netns.js'
import { execute, executeOrThrow } from '../../lib/process.js'
import type { Workspace } from '../../lib/workspace.js'
import { director, directorSetup } from './plan.js'
import type { Wire } from './wire.js'

/** How a command ended and what it said. */
export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One of the two directors, on its own copy of the network. */
export interface Subject {
  readonly name: string
  readonly wire: Wire
  /** Runs ipvsadm; what it says has taken effect when this resolves. */
  ipvsadm(args: readonly string[], input?: string): Promise<Outcome>
  /**
   * Runs ipvsadm several times, for what it prints (standard output and error as one text), or reads files where a name
   * begins with a slash.
   */
  print(lines: readonly string[]): Promise<string[]>
  close(): Promise<void>
}

/** A director's place: its namespace with one interface, eth0, and this process's end of the wire. */
export interface Place {
  readonly namespace: Namespace
  readonly device: string
}

export async function makePlace(workspace: Workspace, role: string): Promise<Place> {
  const place = await makeWire(workspace, role, director.mac)
  await place.namespace.ip(directorSetup('eth0'))
  // Errors that a director answers with are looked at one by one, not at the rate of a busy host.
  await place.namespace.sysctl({ 'net.ipv4.icmp_ratelimit': 0 })
  return place
}

/** A namespace with one interface, which has no address yet. */
export async function makeWire(workspace: Workspace, role: string, mac: string): Promise<Place> {
  const namespace = await workspace.namespace(role)
  const device = `wire-${randomBytes(4).toString('hex')}`
  await executeOrThrow('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace.name])
  await executeOrThrow('ip', ['link', 'set', device, 'up'])
  await namespace.ip([`link set eth0 address ${mac}`])
  return { namespace, device }
}

/** Takes a place away again. */
export async function removePlace({ namespace, device }: Place): Promise<void> {
  await execute('ip', ['link', 'delete', device])
  await execute('ip', ['netns', 'delete', namespace.name])
}
