import type { Address } from '../core/address.js'
import type { Ip } from './ip.js'

/** States of a neighbour entry: NUD_* in linux/neighbour.h. */
export type NeighbourState =
  | 'NONE'
  | 'INCOMPLETE'
  | 'REACHABLE'
  | 'STALE'
  | 'DELAY'
  | 'PROBE'
  | 'FAILED'
  | 'NOARP'
  | 'PERMANENT'

/** What makes a neighbour. */
export interface NeighbourKey {
  /** Name of the interface. */
  readonly dev: string
  readonly address: Address
}

/** An entry of the kernel's neighbour table. */
export interface Neighbour extends NeighbourKey {
  readonly state: NeighbourState
  /** Absent while the kernel knows none. */
  readonly mac?: string
}

/** Something to do about a neighbour. */
export type NeighbourAction =
  /** Ask the host at the address that we know, by unicast, whether it is still there. */
  | { readonly type: 'probe'; readonly key: NeighbourKey; readonly mac: string }
  /** Ask everybody, if the kernel is not asking already. */
  | { readonly type: 'ask'; readonly key: NeighbourKey }
  /** Forget the MAC address and ask everybody. */
  | { readonly type: 'ask-anew'; readonly key: NeighbourKey }

interface NeighbourRow {
  dst: string
  dev: string
  lladdr?: string
  state?: string[]
}

/** The key as text, for maps. */
export function neighbourKeyText({ dev, address }: NeighbourKey): string {
  return `${address} dev ${dev}`
}

/** The MAC address that the kernel itself would send to, undefined if it has none. */
export function usableMac(neighbour: Pick<Neighbour, 'state' | 'mac'> | undefined): string | undefined {
  if (!neighbour || neighbour.state === 'INCOMPLETE' || neighbour.state === 'FAILED' || neighbour.state === 'NONE') {
    return undefined
  }
  return neighbour.mac
}

/** The whole neighbour table, by {@link neighbourKeyText}. */
export async function readNeighbours(ip: Ip): Promise<Map<string, Neighbour>> {
  // Without `nud all` the entries of links without ARP are left out.
  const rows = await ip.query<NeighbourRow>('neigh', 'show', 'nud', 'all')
  return new Map(rows.map((row) => [neighbourKeyText({ dev: row.dev, address: row.dst }), fromRow(row)]))
}

function fromRow({ dst, dev, lladdr, state }: NeighbourRow): Neighbour {
  return {
    dev,
    address: dst,
    state: (state?.[0] ?? 'NONE') as NeighbourState,
    ...(lladdr !== undefined && { mac: lladdr }),
  }
}

/**
 * Carries actions out, in one process. They are written with `replace`, which does not mind that an entry
 * has come or gone since it was read: a refusal would end the batch (ip/ipneigh.c). What can still be
 * refused is a new entry when the table is full, so those come last.
 * @returns what was refused, in `ip`'s words; empty if nothing was.
 */
export async function applyActions(ip: Ip, actions: readonly NeighbourAction[]): Promise<string> {
  const [asks, others] = [actions.filter(isAsk), actions.filter((action) => !isAsk(action))]
  return ip.changeAll([...others, ...asks].flatMap(commands))
}

function isAsk(action: NeighbourAction): boolean {
  return action.type === 'ask'
}

function commands(action: NeighbourAction): string[] {
  const entry = `neigh replace ${action.key.address} dev ${action.key.dev}`
  switch (action.type) {
    case 'probe':
      return [`${entry} lladdr ${action.mac} nud probe`]
    case 'ask':
      return [`${entry} use`]
    case 'ask-anew':
      // NTF_USE alone leaves an entry that is being probed as it is.
      return [`${entry} nud failed`, `${entry} use`]
  }
}
