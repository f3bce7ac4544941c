import { powerFailure, vipMacOf } from '../lib/director-death.js'
import { ForwardWatch } from '../lib/forward-watch.js'
import { realIpvsadm } from '../lib/ipvs-client.js'
import type { Check } from '../lib/lab-judge.js'
import { buildPair, confOf, isMaster, killWeb, type PairLab, pairVip, startPair, startWeb } from '../lib/pair-lab.js'
import { rotationIs } from '../lib/rotation.js'
import { longestSilence, outcomes, SteadyClient, seenBy, since } from '../lib/steady-client.js'
import { nowMs, type SteadyRequest } from '../lib/steady-request.js'
import { columns, section, style, write } from './screen.js'
import { showVerdict } from './verdict.js'

const name = 'keepalived'
/** At advert_int 1. */
const silenceMs = 4000
/** Of a request: short, so that a lost SYN is not waited for. */
const timeoutMs = 300

/**
 * Two directors, each xlvs and the distribution's keepalived; a real server is killed, then the master. Shows what was
 * done and seen. Whether it held.
 * @param directorArgs of `xlvs run`.
 */
export async function runKeepalived(directorArgs: readonly string[]): Promise<boolean> {
  write('', style('heading', `${name.toUpperCase()}  two directors, each xlvs and the real keepalived`))
  const startedAt = performance.now()
  const progress = (sentence: string) => write(style('aside', `  … ${sentence}`))
  let lab: PairLab | undefined
  try {
    lab = await buildPair({ progress, directorArgs })
    const checks = await tell(lab, progress)
    return showVerdict(name, checks, performance.now() - startedAt)
  } catch (error) {
    write('', `  ${error instanceof Error ? error.message : error}`)
    return showVerdict(name, [], performance.now() - startedAt)
  } finally {
    progress('cleaning up')
    lab?.close()
  }
}

async function tell(lab: PairLab, progress: (sentence: string) => void): Promise<Check[]> {
  const { server11, server14 } = lab.directors
  const { server12, server13 } = lab.servers
  progress('server11 and server14: xlvs run; xlvs exec -- keepalived')
  await startPair(lab)
  const watch = await ForwardWatch.start(lab)
  const client = await SteadyClient.start(lab.client.namespace, lab.url, { timeoutMs })
  const story: string[][] = []
  const begin = nowMs()
  /** What was done, until something is so, and what the client saw up to then and of its next requests. */
  const step = async (what: string, act: () => Promise<void>, until: () => Promise<void>) => {
    progress(what)
    const from = nowMs()
    await act()
    await until()
    const took = nowMs() - from
    const meanwhile = since(from, client.requests)
    const after = await client.asks(20)
    const cells = [`${((from - begin) / 1000).toFixed(1)} s`, what, `${(took / 1000).toFixed(1)} s`]
    story.push([...cells, summary(meanwhile), summary(after)])
    return { meanwhile, after }
  }

  const dead = await step(
    'server12: nginx is killed; until it is out of rotation',
    () => killWeb(server12),
    () => rotationIs(server11, [server13]),
  )
  const listed = await realIpvsadm(server11.xlvs, '-Ln')
  const back = await step(
    'server12: nginx starts; until it is in rotation',
    () => startWeb(server12),
    () => rotationIs(server11, [server12, server13]),
  )
  await step(
    'server11: wire cut, xlvs and keepalived killed; until server14 is master',
    () => powerFailure.die(lab, server11),
    () => isMaster(server14),
  )
  await client.isServed(20)
  const [backupMac, backupRules] = [await vipMacOf(lab), await realIpvsadm(server14.xlvs, '-Ln')]
  await step(
    'server11: all started again; until it is master',
    () => powerFailure.comeBack(lab, server11),
    () => isMaster(server11, server14),
  )
  await client.isServed(20)
  const masterMac = await vipMacOf(lab)
  const requests = await client.stop()
  const seen = await watch.stop()

  const { dataplane } = await server11.xlvs.status()
  section('Data plane', [dataplane])
  section('keepalived.conf of server11', confOf(server11).trim().split('\n'))
  section('ipvsadm -Ln on server11 while server12 is dead', listed.trimEnd().split('\n'))
  section('ipvsadm -Ln on server14 while it is master', backupRules.trimEnd().split('\n'))
  const headings = ['at', 'what', 'took', 'requests meanwhile', 'the next 20']
  section('What happened', columns([headings, ...story]))
  section(
    'notify script, of VRRP',
    columns([server11, server14].map(({ name, keepalived }) => [name, statesOf(keepalived.notified)])),
  )

  const silence = longestSilence(requests)
  return [
    check(
      'a dead real server gets no request once it is out',
      seenBy(dead.after).join() === 'server13',
      summary(dead.after),
    ),
    check(
      'when it returns both answer, and none fails',
      seenBy(back.after).join() === 'server12,server13',
      summary(back.after),
    ),
    check(
      'when the master dies, new requests succeed within 4 s',
      silence < silenceMs,
      `${Math.round(silence)} ms without an answer`,
    ),
    check(`the client has the backup's MAC for ${pairVip}`, backupMac === server14.host.mac, `${backupMac}`),
    check('when the master returns it takes over again', masterMac === server11.host.mac, `${masterMac}`),
    check(
      'each announces the VIP',
      seen.announcers.slice(-2).join() === 'server14,server11',
      seen.announcers.join(', '),
    ),
    check(
      'one director at a time forwards',
      seen.forwarders.join() === 'server11,server14,server11',
      seen.forwarders.join(', '),
    ),
  ]
}

function check(claim: string, held: boolean, seen: string): Check {
  return { claim, held, seen }
}

function summary(requests: readonly SteadyRequest[]): string {
  const counts = Object.entries(outcomes(requests)).sort()
  return counts.map(([who, count]) => `${who} ${count}`).join(', ')
}

/** The states that a notify script was called with, in order. */
function statesOf(notified: readonly string[]): string {
  return notified.map((line) => line.split(' ')[2] ?? '').join(' → ')
}
