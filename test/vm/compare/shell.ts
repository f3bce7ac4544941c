import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from '../../lib/netns.js'
import { quote } from '../shell-word.js'
import type { Outcome } from './subject.js'

/** Ends a command's text among those of several. Nothing that is run here prints it. */
const end = '\0'
/** Ends a script's. */
const last = '\0end\0'

/**
 * A shell that stays in a namespace and runs one script after the other: where the processor is
 * emulated, starting nsenter and a shell for each takes longer than what they run.
 */
export class Shell {
  readonly #child: ChildProcessWithoutNullStreams
  #output = ''
  #done: { resolve(output: string): void; reject(cause: Error): void } | undefined

  constructor(
    namespace: Namespace,
    /** For what commands read and write. */
    private readonly directory: string,
    /** Added to the environment. */
    env: Readonly<Record<string, string>> = {},
  ) {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    this.#child = spawn('nsenter', [`--net=/run/netns/${namespace.name}`, '--', 'env', ...variables, 'sh'])
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    this.#child.stdin.on('error', () => {})
    this.#child.once('close', () => this.#done?.reject(new Error('the shell in the namespace has ended')))
  }

  /** Runs a command and keeps its two outputs apart. */
  async run(words: readonly string[], input: string): Promise<Outcome> {
    const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => join(this.directory, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(stdin, input)
    const status = await this.#script(`${words.map(quote).join(' ')} <${stdin} >${stdout} 2>${stderr}; echo $?`)
    return { status: Number(status), stdout: readFileSync(stdout, 'utf8'), stderr: readFileSync(stderr, 'utf8') }
  }

  /** Runs lines of shell; gives what each prints, standard output and error as one text. */
  async printed(lines: readonly string[]): Promise<string[]> {
    const output = await this.#script(lines.map((line) => `${line} 2>&1 </dev/null; printf '\\0'`).join('\n'))
    return output.split(end).slice(0, lines.length)
  }

  close(): void {
    this.#child.stdin.end()
  }

  #script(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#done = { resolve, reject }
      this.#child.stdin.write(`${text}\nprintf '\\0end\\0'\n`)
    })
  }

  #take(text: string): void {
    this.#output += text
    if (!this.#output.endsWith(last)) return
    const output = this.#output.slice(0, -last.length)
    this.#output = ''
    this.#done?.resolve(output)
  }
}
