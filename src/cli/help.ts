import { runtimeDirVariable } from '../api/protocol.js'

export const summary = 'Linux Virtual Server director that runs in XDP.'

export const program = `
Examples:
  xlvs run --interface eth0                            forward what arrives on eth0
  xlvs ipvsadm -A -t 192.0.2.10:80 -s wlc              add a virtual service
  xlvs ipvsadm -a -t 192.0.2.10:80 -r 10.0.0.11 -g     and a real server to it
  xlvs ipvsadm -Ln                                     look at them
  xlvs realserver start --vip 192.0.2.10               prepare a real server (run it there)
  xlvs exec -- keepalived -n -l                        run keepalived with it

Exit status: 0 done, 1 failed, 2 wrong usage. ipvsadm has its own: see xlvs ipvsadm -h.
Environment: ${runtimeDirVariable}  directory of the control socket, for all commands.`

export const runDescription =
  'Runs the director in the foreground. It prints "ready" on stdout when it forwards and logs JSON lines to stderr.'

export const run = `
With XDP, forwarding goes on in the kernel when the process ends, however it ends. With raw sockets it stops; services and
connections are kept in the runtime directory. In both cases the next run takes over what it finds, and \`xlvs down' ends it.

Examples:
  xlvs run --interface eth0
  xlvs run --interface eth0 --dataplane raw            where XDP cannot run; \`auto' finds out
  xlvs run --interface eth0 --interface eth1 --xdp-mode native --metrics 127.0.0.1:9110

Exit status: 0 ended by a signal or by \`xlvs down', 1 failed, 2 wrong usage.`

export const downDescription =
  'Takes the director out of the path of packets, running or not: detaches its programs, and removes what it has pinned, its ' +
  'state file and its table in nftables.'

export const down = `
Services and connections are forgotten.

Exit status: 0 nothing is left, 1 failed, 2 wrong usage.`

export const status = `
Exit status: 0 a director is running, 1 none is, 2 wrong usage.`

export const execDescription =
  'Becomes another program that controls IPVS through the kernel, such as keepalived or ipvsadm, and has the director answer ' +
  'in place of the kernel. Programs that it starts find the director as well.'

export const exec = `
A program that is linked statically, or is set-uid and not run by root, asks the kernel as before. Without a director, a program
finds what it finds on a kernel without IPVS. The command gets standard input, output and error, and no other open file.

Examples:
  xlvs exec -- keepalived -n -l -f /etc/keepalived/keepalived.conf
  xlvs exec -- ipvsadm -Ln                             the ipvsadm of the distribution
  xlvs exec --print-env                                two lines for Environment= of a systemd unit

Exit status: that of the command; 127 it was not found, 126 it could not be run, 1 failed otherwise, 2 wrong usage.`

export const realServerDescription =
  'Makes this machine a real server: the VIP on lo (direct routing) or behind an IPIP tunnel, without answering ARP for it.'

export const realServerSummaries = {
  start: 'set the VIP up',
  stop: 'undo what start did',
  status: 'say piece by piece what is set up',
} as const

export const realServer = `
Examples:
  xlvs realserver start --vip 192.0.2.10               for servers added with -g
  xlvs realserver start --vip 192.0.2.10 --tunnel      for servers added with -i
  xlvs realserver start --vip 192.0.2.10 --print       show the shell commands instead

Exit status: 0 done (status: all is set up), 1 failed (status: something is missing), 2 wrong usage.`
