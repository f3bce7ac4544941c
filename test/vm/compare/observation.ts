import { describe } from '../../lib/describe-frame.js'
import type { Outcome } from './subject.js'

/** What is printed and compared after each step. */
export const printedLines = ['-Ln', '-Lnc', '-Sn', '-Ln --stats --exact'] as const
export type PrintedLine = (typeof printedLines)[number]
/** Which of them shows counters. */
export const counterLine = '-Ln --stats --exact' satisfies PrintedLine

/** Files that a step may ask for beside that. */
export const procFiles = ['/proc/net/ip_vs', '/proc/net/ip_vs_conn', '/proc/net/ip_vs_stats'] as const
export type ProcFile = (typeof procFiles)[number]

/** All that can be shown of a director: what `ipvsadm` prints with these arguments, or a file. */
export const shownTexts = [...printedLines, ...procFiles] as const
export type ShownText = PrintedLine | ProcFile

/** All that can be seen of a director after a step. */
export interface Observation {
  /** Of an ipvsadm step: by line how it ended. */
  readonly outcomes?: ReadonlyMap<string, Outcome>
  /** Text by line of {@link shownTexts}. */
  readonly printed: Readonly<Record<Exclude<PrintedLine, typeof counterLine>, string>> & {
    /** Absent where counters are not compared. */
    readonly [counterLine]?: string
  } & { readonly [File in ProcFile]?: string }
  /** Frames that the director sent, in order. */
  readonly sent: readonly Buffer[]
}

/** What an output of ipvsadm, or a file, is called among the texts of an observation. */
export function nameOf(line: ShownText): string {
  return isFile(line) ? line : `ipvsadm ${line}`
}

/** An observation as named texts: two directors agree when all of theirs are the same. */
export function textsOf({ outcomes, printed, sent }: Observation): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [line, { status, stderr, stdout }] of outcomes ?? []) {
    texts.set(`ipvsadm ${line}: exit status`, String(status))
    texts.set(`ipvsadm ${line}: standard error`, stderr)
    texts.set(`ipvsadm ${line}: standard output`, stdout)
  }
  for (const receiver of new Set(sent.map(receiverOf))) {
    const frames = sent.filter((each) => receiverOf(each) === receiver)
    texts.set(`frames to ${receiver}`, frames.map((each) => `${describe(each)}\n${hex(each)}`).join(''))
  }
  for (const line of shownTexts) texts.set(nameOf(line), printed[line] ?? '')
  return texts
}

/** Whether it is read, and not printed. */
export function isFile(line: string): boolean {
  return line.startsWith('/')
}

/** The neighbour that gets a frame: a real server, the router, or the gateway to the clients. */
function receiverOf(frame: Buffer): string {
  return (frame.toString('hex', 0, 6).match(/../g) ?? []).join(':')
}

/** The bytes behind the link layer's addresses, sixteen a line. */
function hex(frame: Buffer): string {
  const words = frame.toString('hex', 12).match(/.{1,32}/g) ?? []
  return words.map((word, i) => `    ${(12 + 16 * i).toString(16).padStart(4, '0')} ${word}\n`).join('')
}
