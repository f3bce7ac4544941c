import type { Address } from '../../src/core/address.js'

/** Seconds, as keepalived counts. */
export interface Timing {
  readonly delayLoop: number
  readonly connectTimeout: number
  readonly retries: number
  readonly delayBeforeRetry: number
}

/** For tests that wait for a checker. A check must not fail because the machine is busy: it may take its time. */
export const quickTiming: Timing = { delayLoop: 0.3, connectTimeout: 2, retries: 1, delayBeforeRetry: 0.3 }

export interface VrrpOptions {
  readonly state: 'MASTER' | 'BACKUP'
  readonly priority: number
  readonly vip: Address
  readonly notifyScript: string
}

export interface WebServiceOptions {
  readonly vip: Address
  /** Of the service and its real servers. Default: 80. */
  readonly port?: number
  /** Default: rr. */
  readonly scheduler?: string
  readonly servers: readonly Address[]
  /** Of each real server. Default: 1. */
  readonly weight?: number
  readonly sorryServer?: Address
  readonly timing?: Timing
}

/** What a keepalived.conf begins with. Mail has nowhere to go: no mail is asked for. */
export function globalDefs(): string {
  return `\
! Configuration File for keepalived

global_defs {
   router_id   LVS_DEVEL
   script_user root
   enable_script_security
}
`
}

/** The VRRP instance of one of two directors. */
export function vrrpInstance({ state, priority, vip, notifyScript }: VrrpOptions): string {
  return `
vrrp_instance VI_1 {
    state ${state}
    interface eth0
    virtual_router_id 51
    priority ${priority}
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        ${vip}
    }
    notify ${notifyScript}
}
`
}

/** A service by DR, with a TCP check of port 80 for each real server. */
export function webService(options: WebServiceOptions): string {
  const { vip, port = 80, scheduler = 'rr', servers, weight = 1, sorryServer, timing = quickTiming } = options
  const sorry = sorryServer ? `    sorry_server ${sorryServer} ${port}\n` : ''
  const check = `\
        TCP_CHECK {
            connect_port 80
            connect_timeout ${timing.connectTimeout}
            retry ${timing.retries}
            delay_before_retry ${timing.delayBeforeRetry}
        }
`
  const blocks = servers.map((rip) => `    real_server ${rip} ${port} {\n        weight ${weight}\n${check}    }\n`)
  return `
virtual_server ${vip} ${port} {
    delay_loop ${timing.delayLoop}
    lb_algo ${scheduler}
    lb_kind DR
    protocol TCP
${sorry}${blocks.join('')}}
`
}
