import { Readable, Writable } from 'node:stream'
import { controlClient } from '../../src/cli/client.js'
import type { Names } from '../../src/cli/ipvsadm/names.js'
import { run } from '../../src/cli/ipvsadm/run.js'

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Collects what is written. */
export class TextSink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

const addresses = new Map([
  ['web', '192.0.2.10'],
  ['rs1.example', '10.0.0.11'],
])
const ports = new Map([
  ['http/tcp', 80],
  ['domain/udp', 53],
])

/** The names of a small network. */
export const testNames: Names = {
  address: async (hostName) => addresses.get(hostName),
  hostName: async (address) => keyOf(addresses, address),
  port: (serviceName, protocol) => ports.get(`${serviceName}/${protocol}`),
  serviceName: (port, protocol) => [...ports].find(([, known]) => known === port)?.[0].match(`(.*)/${protocol}$`)?.[1],
}

function keyOf<V>(map: ReadonlyMap<string, V>, value: V): string | undefined {
  return [...map].find(([, known]) => known === value)?.[0]
}

/** What a run is given, besides its arguments. */
export interface Surroundings {
  readonly runtimeDir: string
  readonly stdin?: Readable | Iterable<string>
  /** Replaces some of {@link testNames}. */
  readonly names?: Partial<Names>
}

/** Runs the real command line against a director's socket. */
export async function runIpvsadm(argv: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  const { runtimeDir, stdin = [], names } = surroundings
  const [stdout, stderr] = [new TextSink(), new TextSink()]
  const status = await run(argv, {
    stdout,
    stderr,
    stdin: stdin instanceof Readable ? stdin : Readable.from(stdin),
    client: controlClient(runtimeDir),
    names: { ...testNames, ...names },
  })
  return { status, stdout: stdout.text, stderr: stderr.text }
}
