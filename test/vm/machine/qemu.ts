import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { MachineError } from './error.js'

export const accelerators = ['tcg', 'kvm'] as const

/** How the machine is run. */
export interface MachineOptions {
  /** tcg: software emulation, on any host; kvm: the host's processor, where /dev/kvm can be used. */
  readonly accel: (typeof accelerators)[number]
  readonly cpus: number
  readonly memoryMb: number
  /** After this the machine is switched off. */
  readonly timeoutS: number
}

/** Files of one run. */
export interface Boot {
  readonly image: string
  readonly initramfs: string
  /** Gets the kernel's messages. */
  readonly console: string
  /** Gets the job's exit status. */
  readonly status: string
}

/**
 * Processors of the host: in emulation all features that QEMU knows, but for protection keys. Linux writes their register
 * whenever it goes from a process to a thread of its own or back; a processor does so in a few cycles, QEMU forgets all
 * of its TLB and of where its code goes on, which slows every program down, the more so the less it does for a packet.
 */
const cpuModels = { tcg: 'max,pku=off', kvm: 'host' } as const

/**
 * Boots, passes the job's output on while it runs, and gives its exit status.
 * @throws MachineError when the machine cannot start, ends without a status, or takes too long.
 */
export async function boot(files: Boot, options: MachineOptions, output: Writable): Promise<number> {
  if (options.accel === 'kvm') checkKvm()
  const child = spawn('qemu-system-x86_64', argumentsOf(files, options), { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => child.kill('SIGKILL')
  process.once('exit', stop)

  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    stop()
  }, options.timeoutS * 1000)
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  child.stdout.pipe(output, { end: false })
  try {
    await once(child, 'close')
  } catch (cause) {
    throw new MachineError('qemu-system-x86_64 cannot be started: run scripts/setup --vm, which installs it', 125, {
      cause,
    })
  } finally {
    clearTimeout(timer)
    process.removeListener('exit', stop)
  }
  if (isLate) throw new MachineError(`the command did not end within ${options.timeoutS} s (--timeout)`, 124)
  return readStatus(files, options, complaints)
}

function checkKvm(): void {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch (cause) {
    throw new MachineError('--accel kvm: /dev/kvm is not there or not allowed; use tcg', 125, { cause })
  }
}

/**
 * tsc=reliable: the emulated counters run together, which the kernel does not believe; the HPET that it would take
 * instead costs an exit from emulation, under QEMU's lock, at each look at the clock.
 */
const kernelCommandLine = 'console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off tsc=reliable'

function argumentsOf(files: Boot, { accel, cpus, memoryMb }: MachineOptions): string[] {
  return [
    ...['-accel', accel === 'tcg' ? 'tcg,thread=multi' : accel, '-cpu', cpuModels[accel]],
    ...['-smp', String(cpus), '-m', String(memoryMb)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-chardev', 'stdio,id=output,signal=off'],
    ...['-serial', `file:${files.console}`, '-serial', 'chardev:output', '-serial', `file:${files.status}`],
    ...['-kernel', files.image, '-initrd', files.initramfs],
    ...['-append', kernelCommandLine],
  ]
}

function readStatus(files: Boot, { accel }: MachineOptions, complaints: string): number {
  const status = existsSync(files.status) ? readFileSync(files.status, 'utf8').trim() : ''
  if (/^\d+$/.test(status)) return Number(status)
  const console = existsSync(files.console) ? readFileSync(files.console, 'utf8').trimEnd() : ''
  const last = [...console.split('\n').slice(-20), complaints.trim()].filter(Boolean).join('\n')
  const advice = accel === 'kvm' && console === '' ? "this host's KVM does not run it: use --accel tcg" : undefined
  const words = [advice, 'its last words:', last].filter(Boolean).join('\n')
  throw new MachineError(`the machine ended before the command did; ${words}`)
}

/** Name of a file of a run below its directory. */
export function bootFiles(image: string, initramfs: string, directory: string): Boot {
  return { image, initramfs, console: join(directory, 'console'), status: join(directory, 'status') }
}
