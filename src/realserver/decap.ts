import { existsSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BpfError, BpfLink, BpfMap, BpfObject, type BpfProgram, ensureBpffs } from '../bpf/index.js'
import { type Address, addressToNumber } from '../core/address.js'
import { DirectorError } from '../core/errors.js'
import type { Link } from '../net/links.js'
import type { Setting } from './setting.js'

const objectFile = fileURLToPath(new URL('../../../build/bpf/decap.bpf.o', import.meta.url))
const programName = 'decap'
const mapName = 'decap_vips'
const pinRoot = '/sys/fs/bpf/xlvs-realserver'

/** A value of the map: it stands for nothing but that its key is there. */
const member = Uint8Array.of(1)

/**
 * The XDP program that takes the IPIP header off (bpf/decap.bpf.c), on an interface for a VIP. All VIPs of an interface
 * share the program; it goes with the last of them.
 * @param netns which namespace the interface is in: bpffs is shared by all of them.
 */
export function decapSetting(link: Link, vip: Address, netns: string): Setting {
  // bpffs allows no dot in a name; an interface's name has no colon.
  const directory = join(pinRoot, `${netns}-${link.name.replaceAll('.', ':')}`)
  const pins = { directory, map: join(directory, mapName), link: join(directory, 'link') }
  const key = Buffer.alloc(4)
  key.writeUInt32BE(addressToNumber(vip))

  return {
    name: `program ${programName} for ${vip} on ${link.name}`,
    wanted: ['present'],
    initial: 'absent',
    query: `bpftool map lookup pinned ${pins.map} key ${[...key].join(' ')}`,
    read: async () => {
      return explained(link, () =>
        isAttached(pins.link, link.ifindex) && hasKey(pins.map, key) ? 'present' : 'absent',
      )
    },
    write: async (value) => explained(link, () => (value === 'present' ? add(pins, link, key) : remove(pins, key))),
    commands: (value) => (value === 'present' ? addCommands(pins, link, key) : removeCommands(pins, link, key)),
  }
}

/** Says of the kernel's refusals what they mean here. */
function explained<Result>({ name }: Link, work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause
    const details = { interface: name, errno: cause.code }
    const message = isBusy(cause)
      ? `interface ${name}: it has another XDP program, beside which ${programName} cannot run`
      : `interface ${name}: program ${programName}: ${cause.message}`
    throw new DirectorError(isBusy(cause) ? 'BUSY' : 'INTERNAL', message, details, { cause })
  }
}

interface Pins {
  readonly directory: string
  readonly map: string
  readonly link: string
}

/** False also for a link whose interface has gone. */
function isAttached(path: string, ifindex: number): boolean {
  if (!existsSync(path)) return false
  const link = BpfLink.openPinned(path)
  try {
    return link.info.ifindex === ifindex
  } finally {
    link.close()
  }
}

function hasKey(path: string, key: Uint8Array): boolean {
  if (!existsSync(path)) return false
  return withMap(path, (map) => map.lookup(key) !== undefined)
}

function add(pins: Pins, link: Link, key: Uint8Array): void {
  ensureBpffs(pins.directory)
  if (!isAttached(pins.link, link.ifindex)) {
    try {
      attach(pins, link)
    } catch (error) {
      if (!existsSync(pins.map)) removePins(pins)
      throw error
    }
  }
  withMap(pins.map, (map) => map.update(key, member))
}

/** Attaches the program, to the map of an earlier link if there is one. */
function attach(pins: Pins, { ifindex }: Link): void {
  const object = BpfObject.open(objectFile)
  try {
    const isNew = !existsSync(pins.map)
    if (!isNew) withMap(pins.map, (map) => object.reuseMap(mapName, map))
    object.load()
    const link = attachXdp(object.program(programName), ifindex)
    rmSync(pins.link, { force: true })
    if (isNew) object.map(mapName).pin(pins.map)
    link.pin(pins.link)
    link.close()
  } finally {
    object.close()
  }
}

/** In the driver if it can, else in the stack. */
function attachXdp(program: BpfProgram, ifindex: number): BpfLink {
  try {
    return program.attachXdp(ifindex, 'native')
  } catch (error) {
    if (isBusy(error)) throw error
    return program.attachXdp(ifindex, 'generic')
  }
}

/** The kernel's refusals where a program is attached already, by a link or without. */
function isBusy(error: unknown): boolean {
  return error instanceof BpfError && (error.code === 'EBUSY' || error.code === 'EEXIST')
}

function remove(pins: Pins, key: Uint8Array): void {
  const isLast = withMap(pins.map, (map) => {
    map.delete(key)
    return [...map.keys()].length === 0
  })
  if (isLast) removePins(pins)
}

/** The pins are all that holds link, program and map. */
function removePins({ directory }: Pins): void {
  rmSync(directory, { recursive: true, force: true })
  try {
    rmdirSync(dirname(directory))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
  }
}

function withMap<Result>(path: string, use: (map: BpfMap) => Result): Result {
  const map = BpfMap.openPinned(path)
  try {
    return use(map)
  } finally {
    map.close()
  }
}

/** bpftool attaches without a link, and such a program stays when its pins go: hence the detach. */
function addCommands(pins: Pins, { name, ifindex }: Link, key: Uint8Array): string[] {
  const program = join(pins.directory, programName)
  const attach = [
    `mkdir -p ${pins.directory}`,
    `bpftool prog load ${objectFile} ${program} type xdp pinmaps ${pins.directory}`,
    `bpftool net attach xdp pinned ${program} dev ${name}`,
  ]
  const enter = `bpftool map update pinned ${pins.map} key ${[...key].join(' ')} value ${member.join(' ')}`
  return isAttached(pins.link, ifindex) ? [enter] : [...attach, enter]
}

function removeCommands(pins: Pins, { name }: Link, key: Uint8Array): string[] {
  const leave = `bpftool map delete pinned ${pins.map} key ${[...key].join(' ')}`
  if (existsSync(pins.map) && withMap(pins.map, (map) => [...map.keys()].some((other) => !other.equals(key)))) {
    return [leave]
  }
  return [...(existsSync(pins.link) ? [] : [`bpftool net detach xdp dev ${name}`]), `rm -r ${pins.directory}`]
}
