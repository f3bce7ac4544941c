import { DirectorError } from '../core/errors.js'
import { type NativeObject, native, type ObjectMapSpec } from '../native.js'
import { check } from './error.js'
import { BpfMap } from './map.js'
import { BpfProgram } from './program.js'

/**
 * A compiled BPF object file: open, adjust, load, take maps and programs out of it. Those live on
 * when it is closed.
 */
export class BpfObject {
  private constructor(
    private readonly handle: NativeObject,
    readonly path: string,
  ) {}

  /** Reads the file; nothing is in the kernel yet. @throws BpfError if it is not there or not a BPF object. */
  static open(path: string): BpfObject {
    const handle = new (native().Object)()
    const status = handle.open(path)
    check(status, 'bpf_object__open', path, handle.log())
    return new BpfObject(handle, path)
  }

  /** The maps that the file declares, with the adjustments made. */
  mapSpecs(): readonly ObjectMapSpec[] {
    return check(this.handle.maps(), 'bpf_object__next_map', this.path)
  }

  /** Names of its maps. */
  maps(): readonly string[] {
    return this.mapSpecs().map(({ name }) => name)
  }

  /** Names of its programs. */
  programs(): readonly string[] {
    return check(this.handle.programs(), 'bpf_object__next_program', this.path)
  }

  /** Before load. @throws BpfError ENOENT if the file has no such map. */
  setMaxEntries(map: string, maxEntries: number): void {
    check(this.handle.setMaxEntries(map, maxEntries), 'bpf_map__set_max_entries', map)
  }

  /**
   * Before load: uses a map that exists instead of making one. It may have more or fewer entries than the file says, if it
   * holds no variables: of those libbpf maps as much memory as the file says, and gives back as much as the map has.
   * @throws DirectorError INCOMPATIBLE if type, key size, value size, that one entry or flags differ.
   */
  reuseMap(name: string, map: BpfMap): void {
    const spec = this.mapSpecs().find((each) => each.name === name)
    for (const field of ['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const) {
      if (spec === undefined || spec[field] === map.info[field]) continue
      if (field === 'maxEntries' && !spec.holdsVariables) continue
      throw new DirectorError(
        'INCOMPATIBLE',
        `map ${name}: ${field} is ${map.info[field]} in the kernel and ${spec[field]} in ${this.path}`,
        { map: name, field, kernel: map.info[field], object: spec[field] },
      )
    }
    check(this.handle.reuseMap(name, map.fd), 'bpf_map__reuse_fd', name)
  }

  /** Before load: leaves a program out. @throws BpfError ENOENT if the file has no such program. */
  disable(program: string): void {
    check(this.handle.disableProgram(program), 'bpf_program__set_autoload', program)
  }

  /** Makes the maps, verifies and loads the programs. @throws BpfError with the verifier's words. */
  load(): void {
    const status = this.handle.load()
    check(status, 'bpf_object__load', this.path, this.handle.log())
  }

  /** After load. @throws BpfError ENOENT if the file has no such map. */
  map(name: string): BpfMap {
    return BpfMap.of(check(this.handle.map(name), 'bpf_object__find_map_by_name', name), name)
  }

  /** After load. @throws BpfError ENOENT if the file has no such program, EINVAL if it was disabled. */
  program(name: string): BpfProgram {
    return BpfProgram.of(check(this.handle.program(name), 'bpf_object__find_program_by_name', name), name)
  }

  close(): void {
    this.handle.close()
  }
}
