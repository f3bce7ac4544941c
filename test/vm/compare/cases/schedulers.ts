import { type Case, ipvsadm, type Step, tcp } from '../step.js'

const schedulers = ['rr', 'wrr', 'lc', 'wlc'] as const

/** SYNs in one step: the order of the frames shows what was picked. Each comes from a port of its own. */
function clients() {
  let port = 10_000
  return (count: number) =>
    tcp(
      Array.from({ length: count }, () => port++),
      'S',
    )
}

/** The order of picks over every change that a table of servers sees. */
function changes(scheduler: string): Step[] {
  const burst = clients()
  return [
    ...ipvsadm(`-A -t VIP:80 -s ${scheduler}`),
    burst(1),
    ...ipvsadm('-a -t VIP:80 -r 10.0.0.11 -w 4', '-a -t VIP:80 -r 10.0.0.12 -w 3'),
    burst(5),
    ...ipvsadm('-a -t VIP:80 -r 10.0.0.13 -w 2'),
    burst(20),
    ...ipvsadm('-e -t VIP:80 -r 10.0.0.12 -w 0'),
    burst(10),
    ...ipvsadm('-d -t VIP:80 -r 10.0.0.11'),
    burst(7),
    ...ipvsadm('-a -t VIP:80 -r 10.0.0.11 -w 1'),
    burst(7),
    ...ipvsadm('-e -t VIP:80 -r 10.0.0.12 -w 6'),
    burst(11),
    ...ipvsadm('-e -t VIP:80 -r 10.0.0.11 -w 0', '-e -t VIP:80 -r 10.0.0.12 -w 0'),
    burst(3),
    ...ipvsadm('-d -t VIP:80 -r 10.0.0.13'),
    burst(2),
    ...ipvsadm('-e -t VIP:80 -r 10.0.0.11 -w 2', '-E -t VIP:80 -s rr'),
    burst(3),
    ...ipvsadm(`-E -t VIP:80 -s ${scheduler}`),
    burst(3),
    ...ipvsadm('-d -t VIP:80 -r 10.0.0.11', '-d -t VIP:80 -r 10.0.0.12'),
    burst(2),
  ]
}

export const schedulerCases: readonly Case[] = schedulers.map((name) => ({
  name: `${name} over changes`,
  steps: changes(name),
}))
