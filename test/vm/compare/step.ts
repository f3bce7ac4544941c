import { describe } from '../../lib/describe-frame.js'
import { type FrameSpec, type IcmpFields, type PacketSpec, packet, type TcpFields } from '../../lib/packet.js'
import type { Scope } from './plan.js'

/**
 * One thing that is done to both directors. Cases are lists of these: plain data. VIP and VIP2 stand
 * for virtual addresses that no other case uses, CIP for such a client.
 */
export type Step =
  | { readonly kind: 'ipvsadm'; readonly lines: readonly string[]; readonly input?: string }
  | { readonly kind: 'packets'; readonly text: string; readonly frames: readonly StepFrame[] }
  | { readonly kind: 'drawn'; readonly draws: readonly DrawnFrame[]; readonly frames: readonly Buffer[] }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'files' }

export interface Case {
  readonly name: string
  readonly steps: readonly Step[]
  /** A seed has decided them: a difference is looked for among fewer of them. */
  readonly isRandom?: true
  /** xlvs is driven by the distribution's ipvsadm, too, under the preload library. */
  readonly byRealIpvsadm?: true
}

/** A packet inside another one, so that its addresses can stand for the case's too. */
export interface Quoting {
  /** Follows the headers, in place of a payload. */
  readonly quoted?: PacketSpec & Quoting
  /** How much of it is there. Default: all. */
  readonly quotedBytes?: number
}

/** A frame to the director. By default it is from CIP to VIP. */
export type StepFrame = FrameSpec & Quoting

/** A frame of a generator, which has the addresses of a scope in it. */
export type DrawnFrame = (scope: Scope) => Buffer

type Fields = Omit<StepFrame, 'tcp' | 'udp' | 'icmp'>

/** Lines of ipvsadm, arguments only, each a step. */
export function ipvsadm(...lines: string[]): Step[] {
  return lines.map((line) => ({ kind: 'ipvsadm', lines: [line] }))
}

/** Lines of ipvsadm that change nothing, one step. */
export function refused(...lines: string[]): Step {
  return { kind: 'ipvsadm', lines }
}

/** `ipvsadm -R` with rules on its standard input. */
export function restore(...rules: string[]): Step {
  return { kind: 'ipvsadm', lines: ['-R'], input: rules.map((rule) => `${rule}\n`).join('') }
}

/** Files of /proc, which are compared then beside what ipvsadm prints; for cases by the real ipvsadm. */
export function files(): Step {
  return { kind: 'files' }
}

export function wait(seconds: number): Step {
  return { kind: 'wait', seconds }
}

/** One segment from each port, one step. */
export function tcp(ports: number | readonly number[], flags: string, tcp: TcpFields = {}, rest: Fields = {}): Step {
  const frames = [ports].flat().map((sport) => fromClient({ tcp: { dport: 80, ...tcp, sport, flags }, ...rest }))
  return packets(`tcp ${flags || 'none'} from ${[ports].flat().join(' ')}${shown(tcp, rest)}`, frames)
}

/** Segments of one connection, one behind the other, one step. */
export function tcpSequence(sport: number, flags: readonly string[]): Step {
  const frames = flags.map((each) => fromClient({ tcp: { dport: 80, sport, flags: each } }))
  return packets(`tcp ${flags.map((each) => each || 'none').join(', ')} from ${sport}`, frames)
}

/** Datagrams, one step. */
export function udp(ports: number | readonly number[], dport = 53, rest: Fields = {}): Step {
  const frames = [ports].flat().map((sport) => fromClient({ udp: { sport, dport }, payload: 'query', ...rest }))
  return packets(`udp to ${dport} from ${[ports].flat().join(' ')}${shown(rest)}`, frames)
}

export function icmp(icmp: IcmpFields, rest: Fields = {}): Step {
  return packets(`icmp${shown(icmp, rest)}`, [fromClient({ icmp, ...rest })])
}

export function packets(text: string, frames: readonly StepFrame[]): Step {
  return { kind: 'packets', text, frames }
}

/** Frames of a generator, one step. */
export function drawn(draws: readonly DrawnFrame[]): Step {
  return { kind: 'drawn', draws, frames: [] }
}

/** A step as a reader of a failure wants to see it. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'ipvsadm':
      return [...step.lines.map((line) => `ipvsadm ${line}`), ...(step.input ?? '').split('\n').filter(Boolean)].join(
        '\n      ',
      )
    case 'packets':
      return step.text
    case 'drawn':
      return ['frames', ...step.frames.flatMap((each) => [describe(each), `  ${each.toString('hex')}`])].join(
        '\n      ',
      )
    case 'wait':
      return `wait ${step.seconds} s`
    case 'files':
      return 'files of /proc'
  }
}

/** A step with addresses in place of VIP, VIP2 and CIP. */
export function within(scope: Scope, step: Step): Step {
  switch (step.kind) {
    case 'ipvsadm':
      return {
        ...step,
        lines: step.lines.map((line) => addressed(scope, line)),
        input: addressed(scope, step.input ?? ''),
      }
    case 'packets':
      return { ...step, frames: step.frames.map((spec) => addressedPacket(scope, spec)) }
    case 'drawn':
      return { ...step, frames: step.draws.map((draw) => draw(scope)) }
    case 'wait':
    case 'files':
      return step
  }
}

function addressed(scope: Scope, text: string): string {
  return text.replace(/\b(?:VIP2?|CIP)\b/g, (name) => scope[name.toLowerCase() as keyof Scope])
}

/** With what it quotes as its payload. */
function addressedPacket(scope: Scope, { quoted, quotedBytes, ...spec }: StepFrame): FrameSpec {
  const { source = 'CIP', destination = 'VIP' } = spec.ip ?? {}
  const ip = { ...spec.ip, source: addressed(scope, source), destination: addressed(scope, destination) }
  if (quoted === undefined) return { ...spec, ip }
  return { ...spec, ip, payload: packet(addressedPacket(scope, quoted)).subarray(0, quotedBytes) }
}

function fromClient(spec: StepFrame): StepFrame {
  return { ...spec, ip: { id: 0x1234, ...spec.ip } }
}

const longestShown = 40

/** Fields that a step sets itself. */
function shown(...fields: object[]): string {
  const set = Object.assign({}, ...fields) as object
  if (Object.keys(set).length === 0) return ''
  const short = (_: string, value: unknown) =>
    typeof value === 'string' && value.length > longestShown ? `${value.length} bytes` : value
  return ` ${JSON.stringify(set, short)}`
}
