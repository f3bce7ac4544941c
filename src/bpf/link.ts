import { basename } from 'node:path'
import { type LinkInfo, type NativeLink, native } from '../native.js'
import { check } from './error.js'
import type { BpfProgram } from './program.js'

const ENODEV = 19

/** Index of the interface that has a name now; undefined if none has. */
export function interfaceIndex(name: string): number | undefined {
  const result = native().ifindex(name)
  return result === -ENODEV ? undefined : check(result, 'if_nametoindex', name)
}

/** A program's attachment to an interface. Methods throw BpfError when the kernel refuses. */
export class BpfLink {
  private constructor(
    private readonly handle: NativeLink,
    readonly name: string,
  ) {}

  /** Takes over what the addon made. */
  static of(handle: NativeLink, name: string): BpfLink {
    return new BpfLink(handle, name)
  }

  /** @throws BpfError ENOENT if nothing is pinned at `path`, EINVAL if it is not a link. */
  static openPinned(path: string): BpfLink {
    return new BpfLink(check(native().openPinnedLink(path), 'BPF_OBJ_GET', path), basename(path))
  }

  get info(): LinkInfo {
    return check(this.handle.info(), 'BPF_OBJ_GET_INFO_BY_FD', this.name)
  }

  /** Puts another program in place of the present one: each packet meets one or the other. */
  update(program: BpfProgram): void {
    check(this.handle.update(program.fd), 'BPF_LINK_UPDATE', `${this.name} to ${program.name}`)
  }

  /** Takes the program off the interface, although pins and descriptors of the link remain. */
  detach(): void {
    check(this.handle.detach(), 'BPF_LINK_DETACH', this.name)
  }

  pin(path: string): void {
    check(this.handle.pin(path), 'BPF_OBJ_PIN', path)
  }

  /** Lets go of the link. If it is not pinned or held elsewhere, that detaches the program. */
  close(): void {
    this.handle.close()
  }
}
