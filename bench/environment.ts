import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { checkoutFile } from '../test/lib/checkout.js'
import type { Environment } from './sample.js'

/** Commands that tell the versions of programs, and where in their answers. */
const programs: readonly { name: string; command: readonly string[]; pattern: RegExp }[] = [
  { name: 'clang', command: ['clang-19', '--version'], pattern: /version (\S+)/ },
  { name: 'ipvsadm', command: ['/sbin/ipvsadm', '--version'], pattern: /ipvsadm v(\S+)/ },
  { name: 'wrk', command: ['wrk', '--version'], pattern: /wrk (\S+)/ },
  { name: 'nginx', command: ['nginx', '-v'], pattern: /nginx\/(\S+)/ },
]

/** What this process runs on. */
export function thisEnvironment(): Environment {
  const { version } = JSON.parse(readFileSync(checkoutFile('package.json'), 'utf8')) as { version: string }
  const cpu = cpus()[0]?.model ?? 'unknown'
  const versions = Object.fromEntries(
    programs.flatMap(({ name, command, pattern }) => {
      const found = pattern.exec(answerOf(command))?.[1]
      return found === undefined ? [] : [[name, found]]
    }),
  )
  return {
    cpu,
    cpus: cpus().length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    emulated: /^QEMU (Virtual|TCG)/.test(cpu),
    versions: { xlvs: version, node: process.versions.node, ...versions },
  }
}

/** One line about it. */
export function environmentLine({ cpu, cpus, memoryMiB, kernel, emulated }: Environment): string {
  const processor = emulated ? `an emulated processor (${cpu})` : cpu
  return `Linux ${kernel}, ${processor}, ${cpus} CPUs, ${(memoryMiB / 1024).toFixed(0)} GiB`
}

/** Both streams: nginx tells its version on the second. A program that is not there says nothing. */
function answerOf([program = '', ...args]: readonly string[]): string {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', program, ...args], { encoding: 'utf8' })
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
  }
}
