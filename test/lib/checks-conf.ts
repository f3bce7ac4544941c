import type { Address } from '../../src/core/address.js'

/** One real server of a service, and what stands in its block, like checkers. */
export interface RealServerText {
  readonly rip: Address
  readonly weight?: number
  readonly lines: string
}

export interface VirtualServerText {
  /** What a virtual_server is of: `192.0.2.10 80`, `fwmark 7`, `group web`. */
  readonly of: string
  /** Of the real servers. */
  readonly port: number
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  readonly algo?: string
  readonly kind?: 'DR' | 'TUN' | 'NAT'
  /** Further lines of the service itself. */
  readonly lines?: string
  readonly servers: readonly RealServerText[]
}

/**
 * Checks follow one another as fast as a test can wish. What fails is tried once more and may take its time: a check must not fail
 * because the machine is busy.
 */
const timing = `\
    delay_loop 0.2
    warmup 0
    connect_timeout 3
    retry 1
    delay_before_retry 0.2
`

/** A virtual_server block. */
export function virtualServer(text: VirtualServerText): string {
  const { of, port, protocol = 'TCP', algo = 'rr', kind = 'DR', lines = '', servers } = text
  const blocks = servers.map(
    ({ rip, weight = 1, lines }) => `    real_server ${rip} ${port} {\n        weight ${weight}\n${lines}\n    }\n`,
  )
  return `
virtual_server ${of} {
${timing}    lb_algo ${algo}
    lb_kind ${kind}
    protocol ${protocol}
${lines}
${blocks.join('')}}
`
}

/** A check that `/health/NAME` is there, by HTTP. */
export function healthCheck(name: string, port: number): string {
  return `        HTTP_GET { url { path /health/${name}\n status_code 200 }\n connect_port ${port} }`
}
