import type { FrameSummary, PacketSummary } from './describe-frame.js'
import { parseStats, type ServiceStats } from './ipvsadm-output.js'
import type { Observation } from './lab-observe.js'
import { type LabServerSpec, type LabSpec, ripOf } from './lab-spec.js'
import { withoutPrefix } from './network.js'
import { protocolNumbers } from './packet.js'

/** One thing that a lab has to show. */
export interface Check {
  readonly claim: string
  readonly held: boolean
  /** What was seen: figures, or what is wrong. */
  readonly seen: string
}

/** MACs that the judge compares frames with. */
export interface LabMacs {
  readonly director: string
  /** By real server: where the director sends its frames, the server itself or the router before it. */
  readonly towards: ReadonlyMap<string, string>
}

/** Judges what was observed. Pure: the same observation, the same verdict. */
export function judge(spec: LabSpec, macs: LabMacs, observation: Observation): Check[] {
  return [
    shares(spec, observation),
    clientAddress(spec, observation),
    straightReplies(spec, observation),
    forwarded(spec, macs, observation),
    addressResolution(macs, observation),
    statistics(spec, observation),
  ]
}

/** How often each real server answered. */
export function answerCounts(spec: LabSpec, { answers }: Pick<Observation, 'answers'>): Map<string, number> {
  const counts = new Map(spec.servers.map(({ name }) => [name, 0]))
  for (const { server } of answers) counts.set(server, (counts.get(server) ?? 0) + 1)
  return counts
}

/** One connection that went to a real server: its SYN on the way to the director and from it. */
export function synBeforeAndAfter(
  server: LabServerSpec,
  macs: LabMacs,
  { toDirector, fromDirector }: Observation,
): { before: FrameSummary; after: FrameSummary } | undefined {
  const rip = ripOf(server)
  const after = fromDirector.find((frame) => {
    const first = frame.packets[0]
    const here = server.forwarding === 'tunnel' ? first?.destination === rip : first?.protocol === protocolNumbers.tcp
    return here && frame.destination === macs.towards.get(server.name) && frame.packets.at(-1)?.flags === 'S'
  })
  const sport = after?.packets.at(-1)?.sport
  const before = toDirector.find(({ packets }) => packets[0]?.sport === sport && packets[0]?.flags === 'S')
  return before && after ? { before, after } : undefined
}

function shares(spec: LabSpec, observation: Observation): Check {
  const counts = answerCounts(spec, observation)
  const weighted = spec.scheduler === 'wrr' || spec.scheduler === 'wlc'
  const parts = spec.servers.map(({ weight }) => (weighted ? weight : 1))
  const whole = parts.reduce((sum, part) => sum + part, 0)
  const held = spec.servers.every(
    ({ name }, i) => counts.get(name) === (observation.requests * (parts[i] ?? 0)) / whole,
  )
  const seen = [...counts].map(([name, count]) => `${name} ${count}`).join(', ')
  return { claim: `${spec.scheduler} shares ${observation.requests} requests ${parts.join(':')}`, held, seen }
}

function clientAddress(spec: LabSpec, { answers, logged }: Observation): Check {
  const cip = withoutPrefix(spec.client.interfaces[0]?.address ?? '')
  const inLogs = [...logged.values()].flat()
  const seen = [...new Set([...answers.map(({ client }) => client), ...inLogs])]
  return {
    claim: "real servers see the client's address",
    held: seen.length === 1 && seen[0] === cip && inLogs.length === answers.length,
    seen: `${seen.join(', ')} in ${inLogs.length} log lines`,
  }
}

function straightReplies({ vip }: LabSpec, { toDirector, fromDirector, answers }: Observation): Check {
  const replies = [...toDirector, ...fromDirector].filter(({ packets }) => packets.at(-1)?.source === vip)
  return {
    claim: 'replies go straight to the client',
    held: replies.length === 0 && answers.length > 0,
    seen: `${replies.length} passed the director`,
  }
}

function forwarded(spec: LabSpec, macs: LabMacs, { toDirector, fromDirector }: Observation): Check {
  const arrived = new Set(toDirector.map(({ packets }) => packets.map(identity).join()))
  const wrong = fromDirector.filter((frame) => !isRightFrame(frame, spec, macs) || !arrived.has(arrivedAs(frame)))
  return {
    claim: 'only MACs, TTL and outer header change',
    held: wrong.length === 0 && fromDirector.length === toDirector.length && toDirector.length > 0,
    seen: `${toDirector.length} frames in, ${fromDirector.length} out, ${wrong.length} wrong`,
  }
}

function isRightFrame({ destination, packets }: FrameSummary, spec: LabSpec, macs: LabMacs): boolean {
  const dip = withoutPrefix(spec.director.interfaces[0]?.address ?? '')
  return spec.servers.some((server) => {
    if (destination !== macs.towards.get(server.name)) return false
    if (server.forwarding === 'route') return packets.length === 1
    const [outer] = packets
    return packets.length === 2 && outer?.source === dip && outer?.destination === ripOf(server)
  })
}

/** The client's packet within a forwarded frame, with the TTL that it came with. */
function arrivedAs({ packets }: FrameSummary): string {
  const inner = packets.at(-1)
  return inner ? identity({ ...inner, ttl: inner.ttl + 1 }) : ''
}

function identity(packet: PacketSummary): string {
  return JSON.stringify(Object.entries(packet).sort())
}

function addressResolution({ director }: LabMacs, { arpAnswers }: Observation): Check {
  return {
    claim: 'the director alone answers ARP for the VIP',
    held: arpAnswers.length === 1 && arpAnswers[0] === director,
    seen: arpAnswers.length === 0 ? 'nobody did' : arpAnswers.join(', '),
  }
}

function statistics(spec: LabSpec, observation: Observation): Check {
  const claim = 'ipvsadm --stats adds up, and with the wire'
  const services = parseStats(observation.stats)
  const [service] = services
  if (!service || services.length !== 1) return { claim, held: false, seen: `${services.length} services listed` }
  const wrong = statisticsErrors(spec, observation, service)
  return {
    claim,
    held: wrong.length === 0,
    seen: abridged(wrong) || `${service.inPackets} packets, ${service.inBytes} bytes`,
  }
}

/** The first two of a list; one fault often brings many with it. */
function abridged(errors: readonly string[]): string {
  const rest = errors.length > 2 ? [`${errors.length - 2} more`] : []
  return [...errors.slice(0, 2), ...rest].join('; ')
}

function statisticsErrors(spec: LabSpec, observation: Observation, service: ServiceStats): string[] {
  const counts = answerCounts(spec, observation)
  const errors: string[] = []
  const expectEqual = (what: string, actual: number | undefined, expected: number | undefined) => {
    if (actual !== expected) errors.push(`${what} is ${actual}, not ${expected}`)
  }
  const bytes = observation.toDirector.reduce((sum, { packets }) => sum + (packets[0]?.totalLength ?? 0), 0)
  expectEqual('Conns', service.conns, observation.requests)
  expectEqual('InPkts', service.inPackets, observation.toDirector.length)
  expectEqual('InBytes', service.inBytes, bytes)
  expectEqual('OutPkts', service.outPackets, 0)
  expectEqual('OutBytes', service.outBytes, 0)
  for (const column of ['conns', 'inPackets', 'inBytes'] as const) {
    const sum = service.servers.reduce((sum, server) => sum + server[column], 0)
    expectEqual(`sum of ${column}`, sum, service[column])
  }
  for (const server of spec.servers) {
    const row = service.servers.find(({ address }) => address === ripOf(server))
    expectEqual(`Conns of ${server.name}`, row?.conns, counts.get(server.name))
  }
  return errors
}
