import { createHash } from 'node:crypto'
import { UnsupportedError } from '../../core/errors.js'
import type { Logger } from '../../core/logger.js'
import { type ServiceKey, serviceKeyText } from '../../core/virtual-service.js'
import type { Nft } from '../../net/nft.js'

type NftCommands = Pick<Nft, 'apply' | 'tables'>

/** SO_MARK of what we send: `xlvs`. */
export const ownMark = 0x786c7673

/**
 * A table of nftables that keeps this machine from answering what comes for virtual services: their addresses are its own, so
 * its TCP would reset connections that real servers have, and its UDP call their ports unreachable. It stays when the process
 * ends, or every restart would cut connections.
 */
export class Silence {
  readonly #nft: NftCommands
  readonly #table: string
  readonly #log: Logger
  readonly #wanted = new Map<string, ServiceKey>()
  readonly #applied = new Map<string, ServiceKey>()
  #applying: Promise<void> | undefined
  /** Something came while something was under way. */
  #wasTold = false

  constructor(nft: NftCommands, owner: string, log: Logger) {
    this.#nft = nft
    this.#table = silenceTable(owner)
    this.#log = log
  }

  /**
   * Makes the table, in one step in place of one that is there.
   * @returns whether one was there.
   * @throws DirectorError if nftables refuses.
   */
  async open(keys: Iterable<ServiceKey>): Promise<boolean> {
    const table = this.#table
    const wasThere = (await this.#nft.tables()).includes(table)
    const entries = Array.from(keys, (key) => [serviceKeyText(key), key] as const)
    const make = (ownVerdict: string) =>
      this.#nft.apply([
        `table ip ${table}`,
        `delete table ip ${table}`,
        tableText(table, ownVerdict),
        ...this.#changes('add', entries),
      ])
    await make('notrack accept').catch((err: unknown) => {
      // Without connection tracking in the kernel there is nothing to be kept out of it.
      this.#log.debug({ err }, 'nftables refuses to keep packets out of connection tracking')
      return make('accept')
    })
    for (const [text, key] of entries) {
      this.#wanted.set(text, key)
      this.#applied.set(text, key)
    }
    return wasThere
  }

  add(key: ServiceKey): void {
    this.#wanted.set(serviceKeyText(key), key)
    this.#apply()
  }

  delete(key: ServiceKey): void {
    this.#wanted.delete(serviceKeyText(key))
    this.#apply()
  }

  /** Resolves when it has been tried to put in force what was told so far. */
  async settled(): Promise<void> {
    while (this.#applying) await this.#applying
  }

  /** To be called every few seconds: puts in force what is not, after a refusal or when somebody has flushed all rules. */
  upkeep(): void {
    this.#work(async () => {
      await this.#restore()
      await this.#applyChanges()
    })
  }

  #apply(): void {
    this.#work(() => this.#applyChanges())
  }

  /** One thing at a time. */
  #work(work: () => Promise<void>): void {
    if (this.#applying) {
      this.#wasTold = true
      return
    }
    this.#applying = work()
      .catch((err: unknown) => {
        this.#log.warn({ err }, 'nftables refuses: this machine may answer for services; it will be tried again')
      })
      .finally(() => {
        this.#applying = undefined
        if (!this.#wasTold) return
        this.#wasTold = false
        this.#apply()
      })
  }

  /** A reload of the firewall mostly begins with `flush ruleset`. */
  async #restore(): Promise<void> {
    if ((await this.#nft.tables()).includes(this.#table)) return
    this.#applied.clear()
    await this.open([...this.#wanted.values()])
    this.#log.warn({ table: this.#table }, 'table of nftables was gone and has been made again')
  }

  async #applyChanges(): Promise<void> {
    // What is told in the same turn of the event loop goes along.
    await null
    const added = [...this.#wanted].filter(([text]) => !this.#applied.has(text))
    const deleted = [...this.#applied].filter(([text]) => !this.#wanted.has(text))
    if (added.length + deleted.length === 0) return
    await this.#nft.apply([...this.#changes('delete', deleted), ...this.#changes('add', added)])
    for (const [text, key] of added) this.#applied.set(text, key)
    for (const [text] of deleted) this.#applied.delete(text)
  }

  #changes(verb: 'add' | 'delete', entries: readonly (readonly [string, ServiceKey])[]): string[] {
    const keys = entries.map(([, key]) => key)
    const change = (set: string, elements: readonly string[]) =>
      elements.length === 0 ? [] : [`${verb} element ip ${this.#table} ${set} { ${elements.join(', ')} }`]
    const quoted = keys.filter(({ protocol }) => protocol === 'udp')
    return [
      ...change(
        'services',
        keys.map(({ vip, protocol, vport }) => `${vip} . ${protocol} . ${vport}`),
      ),
      ...change(
        'unreachable',
        quoted.map(({ vip, vport }) => `${vip} . ${vport}`),
      ),
    ]
  }
}

/** Takes the table away. @returns false if there was none. @throws DirectorError if nftables refuses. */
export async function removeSilence(nft: NftCommands, owner: string): Promise<boolean> {
  const table = silenceTable(owner)
  if (!(await tablesOf(nft)).includes(table)) return false
  await nft.apply([`delete table ip ${table}`])
  return true
}

/** Without nft there can be none of ours. */
async function tablesOf(nft: NftCommands): Promise<string[]> {
  try {
    return await nft.tables()
  } catch (error) {
    if (error instanceof UnsupportedError) return []
    throw error
  }
}

/** Directors of one network namespace have a table each. */
function silenceTable(owner: string): string {
  return `xlvs-${createHash('sha256').update(owner).digest('hex').slice(0, 8)}`
}

/**
 * One chain, which costs every packet that is sent: before connection tracking, as IPVS's ip_vs_notrack(), so that what is
 * forwarded is neither masqueraded nor dropped as of no known connection.
 */
function tableText(table: string, ownVerdict: string): string {
  return `table ip ${table} {
  set services { type ipv4_addr . inet_proto . inet_service; }
  set unreachable { typeof ip saddr . @th,240,16; }
  chain output {
    type filter hook output priority raw; policy accept;
    meta mark ${ownMark} ${ownVerdict}
    meta l4proto { tcp, udp } ip saddr . meta l4proto . th sport @services drop
    ${headerWords.map(unreachableRule).join('\n    ')}
  }
}`
}

/** Lengths of an IPv4 header, in words of 32 bits. */
const headerWords = Array.from({ length: 11 }, (_, i) => 5 + i)

/** An ICMP error quotes a UDP datagram behind 8 bytes of its own: a header of so many words, then a port, then the port. */
function unreachableRule(words: number): string {
  const portAt = 64 + 32 * words + 16
  return `icmp type destination-unreachable @th,68,4 ${words} @th,136,8 17 ip saddr . @th,${portAt},16 @unreachable drop`
}
