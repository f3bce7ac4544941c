import type { Switches } from './switches.js'

/** No address that a case of test/vm/compare has: what is done here is of no concern to it. */
const vips = ['192.0.2.240', '192.0.2.241', '192.0.2.242'] as const

const head = `\
global_defs {
   router_id walk
   script_user root
   enable_script_security
}

virtual_server_group several {
    ${vips[2]} 8080
    ${vips[2]}-243 8081
}
`

interface Server {
  readonly rip: string
  readonly weight: number
  readonly lines?: string
  /** Lines of its check. */
  readonly check?: string
}

interface Service {
  /** As the block is headed. */
  readonly name: string
  readonly scheduler: string
  readonly method: 'DR' | 'TUN'
  readonly lines?: string
  readonly servers: readonly Server[]
}

/** A real server whose check goes by a switch of its name. */
function serverBlock(switches: Switches, { rip, weight, lines = '', check = '' }: Server, port: string): string {
  return `
    real_server ${rip} ${port} {
        weight ${weight}
        ${lines}
        MISC_CHECK {
            misc_path "${switches.script(rip)}"
            misc_timeout 60
            ${check}
        }
    }
`
}

function serviceBlock(switches: Switches, { name, scheduler, method, lines = '', servers }: Service): string {
  const port = / (\d+)$/.exec(name)?.[1] ?? '8080'
  return `
virtual_server ${name} {
    delay_loop 2
    lb_algo ${scheduler}
    lb_kind ${method}
    protocol ${port === '53' ? 'UDP' : 'TCP'}
    ${lines}
${servers.map((server) => serverBlock(switches, server, port)).join('')}}
`
}

const several: Service = {
  name: 'group several',
  scheduler: 'lc',
  method: 'DR',
  servers: [
    { rip: '10.0.0.11', weight: 1 },
    { rip: '10.0.0.12', weight: 1 },
  ],
}

/** What keepalived starts with. */
const first: readonly Service[] = [
  {
    name: `${vips[0]} 80`,
    scheduler: 'rr',
    method: 'DR',
    lines: 'sorry_server 10.0.0.14 80',
    servers: [
      { rip: '10.0.0.11', weight: 1 },
      { rip: '10.0.0.12', weight: 3 },
      { rip: '10.0.0.13', weight: 2, lines: 'inhibit_on_failure' },
    ],
  },
  {
    name: `${vips[0]} 443`,
    scheduler: 'wlc',
    method: 'TUN',
    lines: 'sorry_server 127.0.0.1 443\n    sorry_server_inhibit',
    servers: [
      { rip: '172.16.0.21', weight: 5, check: 'misc_dynamic' },
      { rip: '172.16.0.22', weight: 1 },
    ],
  },
  {
    name: `${vips[1]} 53`,
    scheduler: 'wrr',
    method: 'DR',
    lines: 'alpha\n    omega\n    quorum 2\n    hysteresis 1',
    servers: [
      { rip: '10.0.0.11', weight: 2 },
      { rip: '10.0.0.12', weight: 1 },
    ],
  },
  several,
]

/** What it reloads: a scheduler, weights, a method and servers have changed, a service has gone, another has come. */
const second: readonly Service[] = [
  {
    name: `${vips[0]} 80`,
    scheduler: 'wrr',
    method: 'DR',
    lines: 'sorry_server 10.0.0.14 80',
    servers: [
      { rip: '10.0.0.11', weight: 4 },
      { rip: '10.0.0.13', weight: 2, lines: 'inhibit_on_failure' },
      { rip: '10.0.0.15', weight: 1 },
    ],
  },
  {
    name: `${vips[0]} 443`,
    scheduler: 'wlc',
    method: 'DR',
    servers: [
      { rip: '172.16.0.21', weight: 5, check: 'misc_dynamic' },
      { rip: '172.16.0.22', weight: 1 },
    ],
  },
  { name: `${vips[1]} 80`, scheduler: 'wlc', method: 'TUN', servers: [{ rip: '172.16.0.22', weight: 1 }] },
  several,
]

/** The configurations of keepalived's walk, with switches in the place of what real servers do. */
export function walkConfs(switches: Switches): { readonly first: string; readonly second: string } {
  const text = (services: readonly Service[]) => head + services.map((each) => serviceBlock(switches, each)).join('')
  return { first: text(first), second: text(second) }
}
