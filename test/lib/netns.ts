import { Background, type ExecOptions, type ExecResult, execute, executeOrThrow } from './process.js'

/**
 * A network namespace. Commands run in it by nsenter: `ip netns exec` would hide bpffs behind a
 * fresh /sys.
 */
export class Namespace {
  private constructor(readonly name: string) {}

  /** Makes a namespace with loopback up and IPv6 off: no address detection that eats first packets. */
  static async create(name: string): Promise<Namespace> {
    await executeOrThrow('ip', ['netns', 'add', name])
    const namespace = new Namespace(name)
    await namespace.sysctl({
      'net.ipv6.conf.all.disable_ipv6': 1,
      'net.ipv6.conf.default.disable_ipv6': 1,
      'net.ipv4.conf.all.rp_filter': 0,
      'net.ipv4.conf.default.rp_filter': 0,
    })
    await namespace.ip(['link set lo up'])
    return namespace
  }

  /** Runs a command that must succeed; gives its standard output. */
  exec(command: string, args: readonly string[] = [], options?: ExecOptions): Promise<string> {
    return executeOrThrow('nsenter', this.#enter(command, args), options)
  }

  /** Runs a command whatever its status. */
  try(command: string, args: readonly string[] = [], options?: ExecOptions): Promise<ExecResult> {
    return execute('nsenter', this.#enter(command, args), options)
  }

  /** Starts a command. nsenter becomes it: the process id is the command's own. */
  spawn(command: string, args: readonly string[] = [], options?: Pick<ExecOptions, 'env'>): Background {
    return new Background('nsenter', this.#enter(command, args), options)
  }

  /** Runs lines of `ip`, all in one process; the first that fails ends it. */
  async ip(lines: readonly string[]): Promise<void> {
    await executeOrThrow('ip', ['-netns', this.name, '-batch', '-'], { input: `${lines.join('\n')}\n` })
  }

  /** What `ip -json` prints. */
  async ipJson<T>(...args: string[]): Promise<T> {
    return JSON.parse((await executeOrThrow('ip', ['-netns', this.name, '-json', ...args])) || '[]') as T
  }

  async sysctl(values: Readonly<Record<string, number | string>>): Promise<void> {
    const settings = Object.entries(values).map(([key, value]) => `${key}=${value}`)
    await this.exec('sysctl', ['-q', '-w', ...settings])
  }

  #enter(command: string, args: readonly string[]): string[] {
    return [`--net=/run/netns/${this.name}`, '--', command, ...args]
  }
}
