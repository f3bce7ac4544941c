import { spawn } from 'node:child_process'
import { attribute, GENL_ID_CTRL, generic, type Message, message, NLMSG_ERROR } from '../../lib/netlink-message.js'
import type { Namespace } from '../../lib/netns.js'
import { NetlinkEnd } from './netlink-end.js'

const CTRL_CMD_GETFAMILY = 3
const CTRL_ATTR_FAMILY_ID = 1
const CTRL_ATTR_FAMILY_NAME = 2

/** A datagram of the kernel's dumps has up to 32 KB (netlink_dump() in net/netlink/af_netlink.c). */
const bufferBytes = 65_536

/** AF_NETLINK, SOCK_RAW, NETLINK_GENERIC; then a struct sockaddr_nl without its family: the kernel. */
const socket = 'SOCKET-DATAGRAM:16:3:16:x00000000000000000000'

/**
 * A namespace's IPVS, behind a netlink socket that socat opens: a stream of messages is what it takes, as a director does. The
 * id of its family is shown as the director's.
 */
export class KernelEnd {
  readonly name = 'kernel IPVS'

  private constructor(
    private readonly end: NetlinkEnd,
    private readonly kernelId: number,
    private readonly shownId: number,
  ) {}

  /** @param shownId what the family's id is to be in requests and answers. */
  static async open({ name }: Namespace, shownId: number): Promise<KernelEnd> {
    const args = [`--net=/run/netns/${name}`, '--', 'socat', '-b', String(bufferBytes), 'STDIO', socket]
    const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const end = new NetlinkEnd('kernel IPVS', child.stdin, child.stdout)
    const question = generic(CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, 'IPVS'))
    const [answer] = await end.ask(message(GENL_ID_CTRL, 0x1, { seq: 1, pid: 0 }, question))
    const id = answer && familyIdAt(answer)
    if (answer === undefined || id === undefined) throw new Error('the kernel does not know a netlink family IPVS')
    return new KernelEnd(end, answer.bytes.readUInt16LE(id), shownId)
  }

  async ask(request: Buffer): Promise<Message[]> {
    const translated = Buffer.from(request)
    replaceType(translated, 0, this.shownId, this.kernelId)
    const answers = await this.end.ask(translated)
    for (const answer of answers) this.#show(answer)
    // Types have changed in the bytes.
    return answers.map((answer) => ({ ...answer, type: answer.bytes.readUInt16LE(4) }))
  }

  close(): void {
    this.end.close()
  }

  #show(answer: Message): void {
    const { bytes, type } = answer
    replaceType(bytes, 0, this.kernelId, this.shownId)
    // A quoted request.
    if (type === NLMSG_ERROR) replaceType(bytes, 20, this.kernelId, this.shownId)
    const id = type === GENL_ID_CTRL ? familyIdAt(answer) : undefined
    if (id !== undefined && bytes.readUInt16LE(id) === this.kernelId) bytes.writeUInt16LE(this.shownId, id)
  }
}

/** nlmsg_type of the message that begins at `start`. */
function replaceType(bytes: Buffer, start: number, from: number, to: number): void {
  if (bytes.readUInt16LE(start + 4) === from) bytes.writeUInt16LE(to, start + 4)
}

/** Where in the controller's answer the id of the family stands. */
function familyIdAt({ bytes, type }: Message): number | undefined {
  if (type !== GENL_ID_CTRL) return undefined
  for (let at = 20; at + 4 <= bytes.length; at += (bytes.readUInt16LE(at) + 3) & ~3) {
    if (bytes.readUInt16LE(at + 2) === CTRL_ATTR_FAMILY_ID) return at + 4
    if (bytes.readUInt16LE(at) < 4) return undefined
  }
  return undefined
}
