/** Ways in which a director dies, and comes back. */
import { portName } from './network.js'
import { type PairDirector, type PairLab, pairVip, startDirector } from './pair-lab.js'

export interface Death {
  readonly name: string
  readonly die: (lab: PairLab, director: PairDirector) => Promise<void>
  readonly comeBack: (lab: PairLab, director: PairDirector) => Promise<void>
}

/** Its VIP and its packet programs are left: by XDP it forwards until the backup's announcement. */
export const killed: Death = {
  name: 'all its processes are killed',
  async die(_, { xlvs, keepalived }) {
    await keepalived.kill()
    await xlvs.end('SIGKILL')
  },
  comeBack: (_, director) => startDirector(director),
}

export const interfaceDown: Death = {
  name: 'its interface goes down',
  die: (_, { host }) => host.namespace.ip(['link set eth0 down']),
  comeBack: (_, { host }) => host.namespace.ip(['link set eth0 up']),
}

export const powerFailure: Death = {
  name: 'its power fails: the wire and the processes at once',
  async die(lab, director) {
    await setPort(lab, director, 'down')
    await killed.die(lab, director)
  },
  async comeBack(lab, director) {
    await setPort(lab, director, 'up')
    await startDirector(director)
  },
}

/** The MAC that the client sends to for the VIP. */
export async function vipMacOf({ client }: PairLab): Promise<string | undefined> {
  const [entry] = await client.namespace.ipJson<{ lladdr?: string }[]>('neighbour', 'show', 'to', pairVip)
  return entry?.lladdr
}

/** The other end of the director's wire. */
function setPort({ network }: PairLab, { name }: PairDirector, state: 'up' | 'down'): Promise<void> {
  return network.ethernetSwitch.ip([`link set ${portName(name)} ${state}`])
}
