import { type Case, files, ipvsadm, type Step, tcp, udp } from '../step.js'
import { commandCases } from './commands.js'

/** Cases that are run by the real ipvsadm as well: of its arguments not much reaches a director. */
const again = ['commands on services', 'commands on real servers', 'timeouts', 'save, clear, restore']

/** So many lines are run between two looks, which take the most time. */
const linesOfStep = 8

/** The same lines in fewer steps. How a line ended is known by the line: none is in a step twice. */
function merged(steps: readonly Step[]): Step[] {
  const fewer: Step[] = []
  for (const step of steps) {
    const before = fewer.at(-1)
    const isMerged =
      before?.kind === 'ipvsadm' &&
      step.kind === 'ipvsadm' &&
      before.input === undefined &&
      step.input === undefined &&
      before.lines.length + step.lines.length <= linesOfStep &&
      !step.lines.some((line) => before.lines.includes(line))
    if (isMerged) fewer[fewer.length - 1] = { kind: 'ipvsadm', lines: [...before.lines, ...step.lines] }
    else fewer.push(step)
  }
  return fewer
}

const filesCase: Case = {
  name: 'files of /proc',
  steps: [
    ...ipvsadm('-A -t VIP:80 -s rr', '-a -t VIP:80 -r 10.0.0.11 -w 65535', '-a -t VIP:80 -r 172.16.0.21 -i -w 3'),
    ...ipvsadm('-A -u VIP2:53 -s wlc', '-a -u VIP2:53 -r 10.0.0.12', '-A -t VIP2:65535 -s wrr', '-Z'),
    files(),
    tcp([1, 2, 3, 65_535], 'S'),
    tcp([1, 2], 'A'),
    tcp(2, 'FA'),
    udp([1, 2], 53, { ip: { destination: 'VIP2' } }),
    files(),
    ...ipvsadm('-d -t VIP:80 -r 10.0.0.11', '-D -t VIP2:65535', '-C'),
    files(),
  ],
}

/** In each of them xlvs is driven by the distribution's ipvsadm. */
export const realIpvsadmCases: readonly Case[] = [
  ...commandCases.filter(({ name }) => again.includes(name)),
  filesCase,
].map(({ name, steps }) => ({ name: `by the real ipvsadm: ${name}`, steps: merged(steps), byRealIpvsadm: true }))
