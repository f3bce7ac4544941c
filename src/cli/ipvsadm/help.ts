import { optionText } from './draft.js'
import { type CommandName, optionSpecs } from './options.js'
import { ipvsVersion } from './table.js'

/** Scripts compare this line: it is that of the ipvsadm whose behaviour this one has. */
export const versionLine = `ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v${ipvsVersion})\n`

const usage: Readonly<Record<CommandName, string>> = {
  'add-service': 'SERVICE [-s SCHEDULER]                add a virtual service',
  'edit-service': 'SERVICE [-s SCHEDULER]                change a virtual service',
  'delete-service': 'SERVICE                               delete a virtual service with its real servers',
  flush: '                                      delete all virtual services',
  list: '[SERVICE] [-n] [LIST OPTIONS]         list services, connections (-c) or --timeout',
  'add-server': 'SERVICE -r SERVER [SERVER OPTIONS]    add a real server',
  'delete-server': 'SERVICE -r SERVER                     delete a real server',
  'edit-server': 'SERVICE -r SERVER [SERVER OPTIONS]    change a real server',
  set: 'TCP TCPFIN UDP                        set timeouts in seconds; 0 keeps the present one',
  'start-daemon': '{master|backup}                       (not supported by xlvs)',
  'stop-daemon': '{master|backup}                       (not supported by xlvs)',
  restore: '                                      read commands from stdin, one a line',
  save: '[-n]                                  print the commands that make the present table',
  zero: '[SERVICE]                             set the counters to zero',
  help: '                                      this text',
  version: '                                      the version',
}

const meanings = `
SERVICE         -t HOST:PORT (TCP) or -u HOST:PORT (UDP)
SERVER          HOST[:PORT]; without address translation the port is always the service's
SCHEDULER       a name such as rr, wrr, lc or wlc; wlc if none is given
SERVER OPTIONS  -g  direct routing (the default)       -i  IPIP tunnel
                -w WEIGHT  1 if none is given; 0 takes no new connections
LIST OPTIONS    -n  numbers instead of names           -c  connections
                --stats  --rate  --thresholds  --persistent-conn  --tun-info
                --timeout  --exact (-X)  --nosort

HOST is an IPv4 address or a name, PORT a number or a name from /etc/services.

Exit status: 0 done; 1 nothing could be listed; 2 wrong arguments, or no director is running;
255 refused by the director, or not supported by it.
`

/** The text of `-h`. */
export function helpText(): string {
  const commands = optionSpecs.flatMap((spec) =>
    spec.command === undefined ? [] : [`  ${optionText(spec).padEnd(22)}  ${usage[spec.command]}`],
  )
  return `${versionLine}Manages the virtual services of the xlvs director, as ipvsadm(8) those of the kernel.\n\nCommands:\n${commands.join('\n')}\n${meanings}`
}
