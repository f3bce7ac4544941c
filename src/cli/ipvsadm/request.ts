import type { Command } from '../../api/protocol.js'
import type { ServiceKey } from '../../core/virtual-service.js'
import type { CommandName } from './options.js'

/** Which columns `-L` shows; if several are asked for, ipvsadm takes the first of this list. */
export const tableViews = ['stats', 'rate', 'thresholds', 'persistent-conn', 'tun-info'] as const
export type TableView = (typeof tableViews)[number] | 'services'

/** How a table is shown. */
export interface TableStyle {
  readonly view: TableView
  readonly numeric: boolean
  /** Numbers in full instead of with K, M, G, T. */
  readonly exact: boolean
  /** False shows the director's order, newest real servers first. */
  readonly sorted: boolean
}

/** What a command line asks for. */
export type Request = { readonly name: CommandName } & (
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'change'; readonly change: Command }
  | { readonly kind: 'list'; readonly style: TableStyle; readonly key?: ServiceKey }
  | { readonly kind: 'list-connections'; readonly numeric: boolean; readonly persistenceColumns: boolean }
  | { readonly kind: 'list-timeouts' }
  | { readonly kind: 'list-daemons' }
  | { readonly kind: 'save'; readonly numeric: boolean }
  | { readonly kind: 'restore' }
)
