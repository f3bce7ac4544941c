import type { Test } from 'tap'
import type { Answers } from './answers.js'
import type { CheckedServer } from './checked-server.js'
import { virtualServer } from './checks-conf.js'
import { type ChecksLab, ripOf, startChecks, vip } from './checks-lab.js'
import { sameListings } from './same-listings.js'
import { weightsAre } from './service-weights.js'

/** A kind of check, and how a real server passes and fails it. */
export interface CheckCase {
  readonly name: string
  readonly protocol: 'TCP' | 'UDP'
  /** Of its service at the lab's VIP, and of the real servers. */
  readonly port: number
  /** The checker's block for a real server. */
  readonly check: (server: CheckedServer) => string
  readonly well: (server: CheckedServer) => Promise<void> | void
  readonly ill: (server: CheckedServer) => Promise<void> | void
  /** Sends so many requests to its service. */
  readonly requests: (count: number) => Promise<Answers>
}

/**
 * A service for each case, with two real servers that are well. Then all fail their checks on the first server at once, and at
 * once all are well again.
 */
export async function comeAndGo(t: Test, lab: ChecksLab, cases: readonly CheckCase[]): Promise<void> {
  const { server1, server2 } = lab.servers
  await Promise.all(cases.flatMap(({ well }) => [well(server1), well(server2)]))
  await startChecks(lab, cases.map((check) => serviceOf(lab, check)).join(''))

  const both = { server1: 1, server2: 1 }
  await t.test('well', (t) => all(t, lab, cases, both))
  await Promise.all(cases.map(({ ill }) => ill(server1)))
  await t.test('server1 is ill', (t) => all(t, lab, cases, { server2: 1 }))
  await Promise.all(cases.map(({ well }) => well(server1)))
  await t.test('server1 is well again', (t) => all(t, lab, cases, both))
}

function serviceOf(lab: ChecksLab, { protocol, port, check }: CheckCase): string {
  const servers = (['server1', 'server2'] as const).map((name) => ({
    rip: ripOf(lab, name),
    lines: check(lab.servers[name]),
  }))
  // With alpha a server is in when it has passed its check, and not before.
  return virtualServer({ of: `${vip} ${port}`, port, protocol, lines: 'alpha', servers })
}

async function all(t: Test, lab: ChecksLab, cases: readonly CheckCase[], rotation: Answers): Promise<void> {
  const each = 6
  for (const { name, protocol, port, requests } of cases) {
    await weightsAre(lab, `${protocol} ${vip}:${port}`, rotation)
    const names = Object.keys(rotation)
    const share = Object.fromEntries(names.map((server) => [server, each]))
    t.strictSame(await requests(each * names.length), share, name)
  }
  await sameListings(t, lab)
}
